import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsChannels, DiagnosticsTraces } from '@instantdb/node';
import { onTestFinished } from 'vitest';
import { type Inbox, inbox } from './inbox.ts';

/** A message as it was when it was told. */
export interface Heard {
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

// Records, so that the compiler asks for a new one.
const told: Record<keyof DiagnosticsChannels, true> = {
  'instant:connection': true,
  'instant:query': true,
  'instant:transaction': true,
  'instant:storage': true,
};
const traced: Record<keyof DiagnosticsTraces, true> = {
  'instant:connect': true,
  'instant:query-once': true,
  'instant:first-answer': true,
  'instant:transact': true,
  'instant:storage-write': true,
};

/** The names of the channels of a traced call. */
export function channelsOf(trace: string): string[] {
  return ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((event) => `tracing:${trace}:${event}`);
}

/** The names of all channels. */
export const allChannels: readonly string[] = [
  ...Object.keys(told),
  ...Object.keys(traced).flatMap((name) => channelsOf(name)),
];

/** What is told of an app on channels, by default on all of them, from now on until the test ends. */
export function hear(appId: string, names: readonly string[] = allChannels): Inbox<Heard> {
  const heard = inbox<Heard>();
  for (const name of names) {
    const take = (message: unknown): void => {
      const payload = { ...(message as Record<string, unknown>) };
      if (payload.appId === appId) heard.push({ name, payload });
    };
    subscribe(name, take);
    onTestFinished(() => void unsubscribe(name, take));
  }
  return heard;
}
