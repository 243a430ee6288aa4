import type { InstantStreams } from '../core-internals/instant-stream.ts';

/** Where core's streams keep what waits for the server, by ids that the server sends. */
const RECORDS: readonly (keyof InstantStreams)[] = [
  'writeStreams',
  'startWriteStreamCbs',
  'readStreamIterators',
];

/**
 * Makes core's streams find under an id only what was put there. In core's plain objects the methods of
 * `Object.prototype` are found too, and what is put under `__proto__` is lost.
 */
export function findOwnStreamsAlone(instantStream: object): void {
  for (const name of RECORDS) {
    let record: object = Object.create(null);
    Object.defineProperty(instantStream, name, {
      configurable: true,
      enumerable: true,
      get: () => record,
      // Core replaces it with an empty one.
      set: (made: object) => {
        record = Object.assign(Object.create(null), made);
      },
    });
  }
}
