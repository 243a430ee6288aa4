import type { StoreInterface, StoreInterfaceClass, StoreInterfaceStoreName } from '@instantdb/core';
import { SilenceLimit } from '../../drivers/storage/silence-limit.ts';
import { InstantNodeError } from '../../errors.ts';
import {
  closedRecords,
  describeRecord,
  type RecordChange,
  type RecordStore,
  type Records,
} from './records.ts';

/** What a class of core's `StoreInterface` has. */
const METHODS = ['getItem', 'removeItem', 'multiSet', 'getAllKeys'] as const;

/** Before the keys of `writes`, which core does not know and which are therefore kept in `kv`. */
const WRITE_PREFIX = 'pendingMutation:';

/**
 * Keeps records in a class of core's `StoreInterface`: an instance for each of core's three stores, which gets the keys
 * and the values that core would give it, so that what such a class holds already can be read.
 *
 * A batch is as atomic as the class: what follows on each other in one store is one `multiSet`, but a key to forget, and
 * the next store, are calls of their own. A batch that fails in the middle rejects, and what came before stays. Calls
 * reject when the class does not answer for 10 seconds.
 */
export function classRecords(Store: StoreInterfaceClass, appId: string, durable = true): Records {
  return new ClassRecords(openStores(Store, appId), durable);
}

type Stores = Readonly<Record<StoreInterfaceStoreName, StoreInterface>>;

/** Changes of one store that are one call: pairs to set, or a key to remove. */
type Step = { store: StoreInterfaceStoreName } & (
  | { is: 'set'; pairs: [string, unknown][] }
  | { is: 'remove'; key: string }
);

class ClassRecords implements Records {
  readonly durable: boolean;
  /** Core's own classes read and write all that they have at each call. */
  readonly maxBatch = undefined;
  readonly opened: Promise<void> = Promise.resolve();
  readonly #stores: Stores;
  /** Settles after the last batch that was called. */
  #written: Promise<unknown> = Promise.resolve();
  readonly #limit: SilenceLimit = new SilenceLimit(
    (seconds) =>
      new InstantNodeError('storage', `Cannot use the storage class: it has not answered for ${seconds} s`),
  );
  #isClosed = false;

  constructor(stores: Stores, durable: boolean) {
    this.#stores = stores;
    this.durable = durable;
  }

  async read(store: RecordStore, key: string): Promise<unknown> {
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
        this.#limit.heard();
      }
    });
    this.#written = writing.catch(() => {});
    await this.#limit.of(writing, () => {
      isGivenUp = true;
    });
  }

  async keys(store: RecordStore): Promise<string[]> {
    this.#assertOpen();
    const keys = await this.#afterWrites(`Cannot list the keys of "${store}"`, async () => {
      return Array.from(await this.#stores[instanceOf(store)].getAllKeys());
    });
    if (store === 'kv') return keys.filter((key) => !key.startsWith(WRITE_PREFIX));
    if (store !== 'writes') return keys;
    return keys.filter((key) => key.startsWith(WRITE_PREFIX)).map((key) => key.slice(WRITE_PREFIX.length));
  }

  async dispose(): Promise<void> {
    this.#isClosed = true;
    await this.#limit.untilSilent(this.#written);
  }

  #afterWrites<T>(action: string, call: () => Promise<T>): Promise<T> {
    const answer = this.#written.then(() => calling(action, call)).finally(() => this.#limit.heard());
    return this.#limit.of(answer);
  }

  #take(step: Step): Promise<void> {
    const store = this.#stores[step.store];
    return calling(`Cannot write to "${step.store}"`, () =>
      step.is === 'set' ? store.multiSet(step.pairs) : store.removeItem(step.key),
    );
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedRecords('Store');
  }
}

function openStores(Store: StoreInterfaceClass, appId: string): Stores {
  const open = (name: StoreInterfaceStoreName): StoreInterface => openStore(Store, appId, name);
  return { kv: open('kv'), querySubs: open('querySubs'), syncSubs: open('syncSubs') };
}

function openStore(Store: StoreInterfaceClass, appId: string, name: StoreInterfaceStoreName): StoreInterface {
  const cannot = `Cannot open the storage class "${Store.name}"`;
  let store: StoreInterface;
  try {
    store = new Store(appId, name);
  } catch (cause) {
    throw new InstantNodeError('storage', `${cannot}: it threw`, { cause });
  }
  const missing = METHODS.filter((method) => typeof store[method] !== 'function');
  if (missing.length === 0) return store;
  throw new InstantNodeError('storage', `${cannot}: it has no ${missing.join(', ')}`, {
    hint: `A class that extends StoreInterface has ${METHODS.join(', ')}`,
  });
}

function instanceOf(store: RecordStore): StoreInterfaceStoreName {
  return store === 'writes' ? 'kv' : store;
}

function keyIn(store: RecordStore, key: string): string {
  return store === 'writes' ? `${WRITE_PREFIX}${key}` : key;
}

function stepsOf(changes: readonly RecordChange[]): Step[] {
  const steps: Step[] = [];
  for (const [store, name, value] of changes) {
    const instance = instanceOf(store);
    const key = keyIn(store, name);
    if (value === undefined) {
      steps.push({ store: instance, is: 'remove', key });
      continue;
    }
    const pair: [string, unknown] = [key, copyOf(value, store, name)];
    const last = steps.at(-1);
    if (last?.is === 'set' && last.store === instance) last.pairs.push(pair);
    else steps.push({ store: instance, is: 'set', pairs: [pair] });
  }
  return steps;
}

// The call may have to wait for others, and the value must stay what it was.
function copyOf(value: unknown, store: RecordStore, key: string): unknown {
  try {
    return structuredClone(value);
  } catch (cause) {
    const message = `Cannot keep ${describeRecord(store, key)}: it is not a JSON value`;
    throw new InstantNodeError('storage', message, { cause });
  }
}

/** What `call` gives; whatever goes wrong in the user's class is said to be of the storage. */
async function calling<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new InstantNodeError('storage', `${action}: the storage class failed`, { cause });
  }
}
