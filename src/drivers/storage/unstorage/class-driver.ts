import type { StoreInterface, StoreInterfaceClass } from '@instantdb/core';
import type { StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';
import { openOrWait } from '../lock/open-or-wait.ts';
import { claimWithin } from './claims.ts';
import { ItemDriver, type ItemStore } from './item-driver.ts';

/**
 * Stores records in a class of core's `StoreInterface`, all of them in its store `kv`, with their keys unchanged. The
 * class knows only the app, so for each class and app one database of this process is open at a time, whatever its
 * `instanceKey`.
 *
 * The records that a batch stores go to `multiSet` in one call, and the keys that it removes to `removeItem` one by
 * one: a batch that takes one call is as atomic as the class, and a larger one is put back when one of its calls fails.
 *
 * `durable` says whether its records outlive the process.
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
    // A value that no driver of ours has written is passed on: the layer above finds it damaged.
    return value === null || typeof value === 'string' ? value : String(JSON.stringify(value));
  }

  /** Consecutive changes that store something are one step; each removal is a step of its own. */
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
