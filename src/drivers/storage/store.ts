import { StoreInterface, type StoreInterfaceClass, type StoreInterfaceStoreName } from '@instantdb/core';
import type { StorageDriver } from '../contract.ts';
import { joinKey, lastPart } from './key.ts';

/**
 * Core's `StoreInterface` over a storage driver: each of core's three stores is a range of keys of its own, under the
 * app and the instance that own it.
 */
export function storeClassOver(driver: StorageDriver, instanceKey: string): StoreInterfaceClass {
  return class DriverStore extends StoreInterface {
    readonly #scope: [string, string, string];

    constructor(appId: string, storeName: StoreInterfaceStoreName) {
      super(appId, storeName);
      this.#scope = [appId, instanceKey, storeName];
    }

    override getItem(key: string): Promise<unknown> {
      return driver.getItem(joinKey(...this.#scope, key));
    }

    override removeItem(key: string): Promise<void> {
      return driver.removeItem(joinKey(...this.#scope, key));
    }

    override multiSet(pairs: [string, unknown][]): Promise<void> {
      return driver.setItems(pairs.map(([key, value]) => [joinKey(...this.#scope, key), value] as const));
    }

    override async getAllKeys(): Promise<string[]> {
      const keys = await driver.getKeys(`${joinKey(...this.#scope)}:`);
      return keys.map(lastPart);
    }
  };
}
