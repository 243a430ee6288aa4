import type { ConnectionEnd } from './transactions.ts';

/** Why a write is kept although the server does not take it for now. */
export type Stuck =
  /** The server refused it for a reason that may pass. */
  | { readonly is: 'refused'; readonly message: string }
  /** The connection does not survive it. */
  | { readonly is: 'parked'; readonly end: ConnectionEnd }
  /** It is as large as one that the connection did not survive. */
  | { readonly is: 'too-large'; readonly message: string };

/** Whether what shares something with a stuck write has to stay behind it: one that was refused holds up nothing. */
export function holdsOthers(stuck: Stuck | undefined): boolean {
  return stuck !== undefined && stuck.is !== 'refused';
}

/** Why a write is stuck, as a sentence for people to read. */
export function whyStuck(stuck: Stuck): string {
  if (stuck.is === 'refused') return `The server refused it: ${stuck.message}`;
  if (stuck.is === 'too-large') return stuck.message;
  return `The connection ended twice while the server was to answer it, the last time with ${saidBy(stuck.end)}`;
}

/** The close code and reason of a connection, as messages say them. */
function saidBy({ code, reason }: ConnectionEnd): string {
  return reason === '' ? `code ${code}` : `code ${code}, "${reason}"`;
}
