import type { InstantStreams } from '../core-internals/instant-stream.ts';

/** Where core's streams keep what waits for the server, by the ids that the server gives. */
const RECORDS: readonly (keyof InstantStreams)[] = [
  'writeStreams',
  'startWriteStreamCbs',
  'readStreamIterators',
];

/**
 * Has core's streams find nothing under an id but what was put there. In the plain objects that core makes, the methods
 * of `Object.prototype` are found, too, and what is put under `__proto__` is lost.
 */
export function findOwnStreamsAlone(instantStream: object): void {
  for (const name of RECORDS) {
    let record: object = Object.create(null);
    Object.defineProperty(instantStream, name, {
      configurable: true,
      enumerable: true,
      get: () => record,
      // Core puts an empty one in its place.
      set: (made: object) => {
        record = Object.assign(Object.create(null), made);
      },
    });
  }
}
