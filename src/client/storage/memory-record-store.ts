import memoryDriver from 'unstorage/drivers/memory';
import { closedStoreError, type RecordStore, type StoreName } from './record-store.ts';

const options = {};

/**
 * Stores everything in the process, until that ends: unstorage's memory driver. Values are stored as they are and
 * returned as copies, since core changes what it loads in place.
 */
export function memoryRecordStore(): RecordStore {
  const drivers = {
    kv: memoryDriver(),
    querySubs: memoryDriver(),
    syncSubs: memoryDriver(),
    writes: memoryDriver(),
  } satisfies Record<StoreName, unknown>;
  let isClosed = false;
  const assertOpen = (): void => {
    if (isClosed) throw closedStoreError('memory');
  };
  return {
    durable: false,
    maxBatch: undefined,
    opened: Promise.resolve(),
    async read(store, key) {
      assertOpen();
      return structuredClone(drivers[store].getItem(key, options) ?? null);
    },
    async write(changes) {
      assertOpen();
      // The driver's calls are synchronous, so no reader sees a state between two of them.
      for (const [store, key, value] of changes) {
        if (value === undefined) drivers[store].removeItem?.(key, options);
        else drivers[store].setItem?.(key, value as string, options);
      }
    },
    async keys(store) {
      assertOpen();
      return drivers[store].getKeys('', options);
    },
    async dispose() {
      isClosed = true;
      for (const driver of Object.values(drivers)) driver.dispose?.();
    },
  };
}
