import {
  type InstantNodeDatabase,
  type InstantUnknownSchema,
  init,
  type TransactionChunk,
  tx,
} from '@instantdb/node';
import { onTestFinished } from 'vitest';
import { type Inbox, inbox } from './inbox.ts';
import { type Address, freshKey } from './open.ts';

/** A row as it is answered, whatever it holds. */
export type PlainRow = Record<string, unknown> & { id: string };

/** An answer of a live query, whatever was asked. */
export interface PlainAnswer {
  data?: Record<string, PlainRow[]>;
  error?: { message: string };
}

/** A database of its own without a schema; closed when the test ends. */
export function openPlain(address: Address, options: object = {}): InstantNodeDatabase {
  const db = init({ ...address, instanceKey: freshKey(), ...options });
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  return db;
}

/** Every answer of a live query. */
export function followPlain(db: InstantNodeDatabase, query: object): Inbox<PlainAnswer> {
  const answers = inbox<PlainAnswer>();
  db.subscribeQuery(query as never, answers.push as never);
  return answers;
}

/** The answer to a query. */
export async function askPlain(db: InstantNodeDatabase, query: object): Promise<PlainAnswer> {
  return (await db.queryOnce(query as never)) as PlainAnswer;
}

/** A change of a row; core's types have it that there may be none. */
export function chunk(etype: string, row: string): TransactionChunk<InstantUnknownSchema, string> {
  const found = tx[etype]?.[row];
  if (!found) throw new TypeError('Cannot start a change: tx has no such row');
  return found;
}

/** An object with one property of its own, whatever it is called. */
export function named(name: string, value: unknown): Record<string, unknown> {
  return Object.fromEntries([[name, value]]);
}
