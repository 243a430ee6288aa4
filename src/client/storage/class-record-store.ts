import type { StoreInterfaceClass } from '@instantdb/core';
import { SilenceLimit } from '../../drivers/storage/silence-limit.ts';
import { InstantNodeError } from '../../errors.ts';
import { instanceOf, keyIn, recordKeys, type Step, stepsOf } from './class-steps.ts';
import { openStores, type Stores } from './class-stores.ts';
import {
  closedStoreError,
  describeRecord,
  type RecordChange,
  type RecordStore,
  type StoreName,
} from './record-store.ts';

/**
 * Stores records in a class of core's `StoreInterface`: an instance for each of core's three stores, which gets the
 * keys and the values that core would give it, so that what such a class holds already can be read.
 *
 * A batch is as atomic as the class: consecutive values for one store are one `multiSet`, while a key to forget, or the
 * next store, takes a call of its own. A batch that fails in the middle rejects, and what came before stays. Calls
 * reject when the class does not answer for 10 seconds.
 */
export function classRecordStore(Store: StoreInterfaceClass, appId: string, durable = true): RecordStore {
  return new ClassRecordStore(openStores(Store, appId), durable);
}

class ClassRecordStore implements RecordStore {
  readonly durable: boolean;
  /** Core's own classes read and write everything at each call. */
  readonly maxBatch = undefined;
  readonly opened: Promise<void> = Promise.resolve();
  readonly #stores: Stores;
  /** Settles after the last batch that was called. */
  #written: Promise<unknown> = Promise.resolve();
  readonly #patience: SilenceLimit = new SilenceLimit(
    (seconds) =>
      new InstantNodeError('storage', `Cannot use the storage class: it has not answered for ${seconds} s`),
  );
  #isClosed = false;

  constructor(stores: Stores, durable: boolean) {
    this.#stores = stores;
    this.durable = durable;
  }

  async read(store: StoreName, key: string): Promise<unknown> {
    this.#assertOpen();
    const name = instanceOf(store);
    return this.#afterWrites(`Cannot read ${describeRecord(store, key)}`, async () => {
      // A copy: core turns what it loads into what it works with, in place.
      return structuredClone((await this.#stores[name].getItem(keyIn(store, key))) ?? null);
    });
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    this.#assertOpen();
    const steps = stepsOf(changes);
    let isGivenUp = false;
    const writing = this.#written.then(async () => {
      for (const step of steps) {
        if (isGivenUp) return;
        await this.#take(step);
        this.#patience.heard();
      }
    });
    this.#written = writing.catch(() => {});
    await this.#patience.of(writing, () => {
      isGivenUp = true;
    });
  }

  async keys(store: StoreName): Promise<string[]> {
    this.#assertOpen();
    const keys = await this.#afterWrites(`Cannot list the keys of "${store}"`, async () => {
      return Array.from(await this.#stores[instanceOf(store)].getAllKeys());
    });
    return recordKeys(store, keys);
  }

  async dispose(): Promise<void> {
    this.#isClosed = true;
    await this.#patience.untilSilent(this.#written);
  }

  #afterWrites<T>(action: string, call: () => Promise<T>): Promise<T> {
    const answer = this.#written.then(() => calling(action, call)).finally(() => this.#patience.heard());
    return this.#patience.of(answer);
  }

  #take(step: Step): Promise<void> {
    const store = this.#stores[step.store];
    return calling(`Cannot write to "${step.store}"`, () =>
      step.is === 'set' ? store.multiSet(step.pairs) : store.removeItem(step.key),
    );
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedStoreError('Store');
  }
}

/** The result of `call`; whatever goes wrong in the user's class becomes an error of the storage. */
async function calling<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new InstantNodeError('storage', `${action}: the storage class failed`, { cause });
  }
}
