import { StoreInterface, type StoreInterfaceClass, type StoreInterfaceStoreName } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { answerFor, isAnswer, type Owner, withOwner } from './answer-owner.ts';
import type { BackgroundWrites } from './background-writes.ts';
import type { RecordStore } from './record-store.ts';
import { retryUntilDone } from './retry-until-done.ts';

/** What core's stores are built on. */
export interface StoreParts {
  records: RecordStore;
  writes: BackgroundWrites;
  /** Resolves once the pending writes of earlier processes are in memory. */
  queueLoaded: Promise<void>;
  /** The owner of the session, as far as it is known. */
  owner(): Owner;
  report(error: InstantNodeError): void;
}

/** The key of `kv` under which core keeps all pending writes as one value. Here they are records of their own. */
export const PENDING_KEY = 'pendingMutations';

/**
 * Core's `StoreInterface` over {@link RecordStore}.
 *
 * Core does not expect a store to fail: a rejected save would end the process as an unhandled rejection, and a failed
 * read of the user would sign them out. So saving never rejects, and `kv` is read again until it can be.
 *
 * Core also gives stored answers of one user to the next: it drops them a moment after the change, and never drops one
 * that is being read meanwhile. So each is stored with its owner, and given to no other.
 */
export function storeClassOver(parts: StoreParts): StoreInterfaceClass {
  return class extends CoreStore {
    constructor(appId: string, storeName: StoreInterfaceStoreName) {
      super(appId, storeName, parts);
    }
  };
}

class CoreStore extends StoreInterface {
  readonly #name: StoreInterfaceStoreName;
  readonly #parts: StoreParts;

  constructor(appId: string, storeName: StoreInterfaceStoreName, parts: StoreParts) {
    super(appId, storeName);
    this.#name = storeName;
    this.#parts = parts;
  }

  override async getItem(key: string): Promise<unknown> {
    const { queueLoaded, writes, owner } = this.#parts;
    // Once core knows the user, it opens the session and sends the pending writes, so these have to be known first.
    await queueLoaded;
    if (this.#name === 'kv' && key === PENDING_KEY) return [];
    const unsaved = writes.unsaved(this.#name, key);
    const stored = unsaved ? structuredClone(unsaved[2] ?? null) : await this.#read(key);
    return isAnswer(this.#name, key) ? answerFor(owner(), stored) : stored;
  }

  override removeItem(key: string): Promise<void> {
    return this.#parts.writes.save([[this.#name, key, undefined]]);
  }

  override multiSet(pairs: [string, unknown][]): Promise<void> {
    const kept = this.#name === 'kv' ? pairs.filter(([key]) => key !== PENDING_KEY) : pairs;
    return this.#parts.writes.save(
      kept.map(([key, value]) => [this.#name, key, this.#toStore(key, value)] as const),
    );
  }

  override async getAllKeys(): Promise<string[]> {
    try {
      return await this.#parts.records.keys(this.#name);
    } catch (cause) {
      const message = `Cannot list what "${this.#name}" holds`;
      this.#parts.report(new InstantNodeError('storage', message, { cause }));
      return [];
    }
  }

  #toStore(key: string, value: unknown = null): unknown {
    return isAnswer(this.#name, key) ? withOwner(value, this.#parts.owner()) : value;
  }

  #read(key: string): Promise<unknown> {
    return this.#name === 'kv' ? this.#readUntilDone(key) : this.#readOnce(key);
  }

  async #readUntilDone(key: string): Promise<unknown> {
    const { records, writes } = this.#parts;
    const value = await retryUntilDone(
      () => records.read('kv', key),
      (cause) => this.#reportUnread(key, 'it is tried again', cause),
      () => writes.isStopped,
    );
    // A copy: core changes the value itself, in place.
    if (value !== null) writes.noteLatest(['kv', key, structuredClone(value)]);
    return value;
  }

  async #readOnce(key: string): Promise<unknown> {
    const { records, writes } = this.#parts;
    try {
      return await records.read(this.#name, key);
    } catch (cause) {
      if (!writes.isStopped) this.#reportUnread(key, 'the server is asked instead', cause);
      return null;
    }
  }

  #reportUnread(key: string, consequence: string, cause: unknown): void {
    const message = `Cannot read "${key}" of "${this.#name}": ${consequence}`;
    this.#parts.report(new InstantNodeError('storage', message, { cause }));
  }
}
