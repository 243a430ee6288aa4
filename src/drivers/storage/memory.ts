import memoryDriver from 'unstorage/drivers/memory';
import { InstantNodeError } from '../../errors.ts';
import type { StorageDriver } from '../contract.ts';

/** Keeps everything in the process, and nothing once it ends: unstorage's memory driver behind our contract. */
export function openMemoryStorage(): StorageDriver {
  const driver = memoryDriver();
  const options = {};
  let isClosed = false;
  const assertOpen = (): void => {
    if (isClosed) throw new InstantNodeError('storage', 'Cannot use storage "memory": it is closed');
  };
  return {
    name: 'memory',
    durable: false,
    async getItem(key) {
      assertOpen();
      // A copy: core turns what it loads into what it works with, in place.
      return structuredClone(driver.getItem(key, options) ?? null);
    },
    async setItems(entries) {
      assertOpen();
      // The driver's calls are synchronous, so nobody sees a state between two of them.
      for (const [key, value] of entries) driver.setItem?.(key, value as string, options);
    },
    async removeItem(key) {
      assertOpen();
      driver.removeItem?.(key, options);
    },
    async getKeys(prefix) {
      assertOpen();
      const keys: string[] = await driver.getKeys('', options);
      return keys.filter((key) => key.startsWith(prefix));
    },
    async dispose() {
      isClosed = true;
      await driver.dispose?.();
    },
  };
}
