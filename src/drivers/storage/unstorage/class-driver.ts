import type { StoreInterface, StoreInterfaceClass } from '@instantdb/core';
import type { StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';
import { openOrWait } from '../lock/open-or-wait.ts';
import { claimWithin } from './claims.ts';
import { ItemDriver, type ItemStore } from './item-driver.ts';

/**
 * Keeps records in a class of core's `StoreInterface`, all of them in its store `kv`, under their keys as they are. The
 * class knows the app alone: one database of this process has a class and an app at a time, whatever its `instanceKey`.
 *
 * What a batch stores goes to `multiSet` in one call, what it removes to `removeItem` one by one: a batch of one call is
 * as atomic as the class, and a larger one is put back when a call of it fails.
 *
 * `durable` says whether what it keeps outlives the process.
 *
 * @throws {InstantNodeError} `storage-locked` when another database of this process has it.
 */
export function openClassStorage(
  Store: StoreInterfaceClass,
  options: StorageOptions,
  durable = true,
): StorageDriver {
  const { appId } = options.scope;
  const about = { name: 'class', durable, subject: `storage "class" over "${Store.name}"` };
  const open = (): StorageDriver => {
    const release = claimWithin(Store, appId, about.subject);
    try {
      return new ItemDriver(new ClassItems(new Store(appId, 'kv')), about, release);
    } catch (error) {
      release();
      throw error;
    }
  };
  return openOrWait({ ...about, open }, options);
}

class ClassItems implements ItemStore {
  readonly #store: StoreInterface;

  constructor(store: StoreInterface) {
    this.#store = store;
  }

  async get(key: string): Promise<string | null> {
    const value: unknown = (await this.#store.getItem(key)) ?? null;
    // What no driver of ours has written is handed on: the layer above finds it damaged.
    return value === null || typeof value === 'string' ? value : String(JSON.stringify(value));
  }

  /** Neighbours that store something are one step; what removes is a step of its own. */
  steps(changes: readonly StorageChange[]): StorageChange[][] {
    const steps: StorageChange[][] = [];
    for (const change of changes) {
      const last = steps.at(-1);
      if (last && change[1] !== null && last[0]?.[1] !== null) last.push(change);
      else steps.push([change]);
    }
    return steps;
  }

  async apply(step: readonly StorageChange[]): Promise<void> {
    const pairs = step.flatMap(([key, record]) =>
      record === null ? [] : [[key, record] as [string, string]],
    );
    if (pairs.length > 0) await this.#store.multiSet(pairs);
    for (const [key, record] of step) if (record === null) await this.#store.removeItem(key);
  }

  async keys(): Promise<string[]> {
    return [...(await this.#store.getAllKeys())];
  }
}
