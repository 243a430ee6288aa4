import { type Deferred, deferred } from '../timing/deferred.ts';

/** The promise of a write; a retry's is a second one, after the first has resolved. */
export interface WritePromise extends Deferred<unknown> {
  isRetry?: boolean;
}

/** The unsettled promises of writes, by write. */
export type WritePromises = Map<string, WritePromise>;

/** The promise of a write, made if there is none. */
export function promiseOf(promises: WritePromises, eventId: string): WritePromise {
  const known = promises.get(eventId);
  if (known) return known;
  const made: WritePromise = deferred<unknown>();
  promises.set(eventId, made);
  return made;
}
