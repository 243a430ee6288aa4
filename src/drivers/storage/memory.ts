import memoryDriver from 'unstorage/drivers/memory';
import type { StorageDriver } from '../contract.ts';

/** Keeps everything in the process, and nothing once it ends: unstorage's memory driver behind our contract. */
export function openMemoryStorage(): StorageDriver {
  const driver = memoryDriver();
  const options = {};
  return {
    name: 'memory',
    durable: false,
    async getItem(key) {
      return driver.getItem(key, options) ?? null;
    },
    async setItems(entries) {
      // The driver's calls are synchronous, so nobody sees a state between two of them.
      for (const [key, value] of entries) driver.setItem?.(key, value as string, options);
    },
    async removeItem(key) {
      driver.removeItem?.(key, options);
    },
    async getKeys(prefix) {
      const keys: string[] = await driver.getKeys('', options);
      return keys.filter((key) => key.startsWith(prefix));
    },
    async dispose() {
      await driver.dispose?.();
    },
  };
}
