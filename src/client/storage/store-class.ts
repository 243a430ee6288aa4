import { StoreInterface, type StoreInterfaceClass, type StoreInterfaceStoreName } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { answerFor, isAnswer, type Owner, withOwner } from './answer-owner.ts';
import type { BackgroundWrites } from './background-writes.ts';
import type { RecordStore } from './record-store.ts';
import { retryUntilDone } from './retry-until-done.ts';

/** What core's stores are made over. */
export interface StoreParts {
  records: RecordStore;
  writes: BackgroundWrites;
  /** Resolves once the pending writes of earlier processes are in memory. */
  queueLoaded: Promise<void>;
  /** Whose session it is, as far as is known. */
  owner(): Owner;
  report(error: InstantNodeError): void;
}

/** Under this key of `kv`, core keeps all pending writes as one value. Here they are records of their own. */
export const PENDING_KEY = 'pendingMutations';

/**
 * Core's `StoreInterface` over {@link RecordStore}.
 *
 * Core does not expect a store to fail: a rejected save would end the process as an unhandled rejection, and a failed
 * read of the user would sign them out. So saving never rejects, and `kv` is read again until it can be.
 *
 * Core also gives stored answers of one user to the next: it forgets them a moment after the change, and one that is being
 * read meanwhile not at all. So each is stored with its owner, and given to nobody else.
 */
export function storeClassOver({
  records,
  writes,
  queueLoaded,
  owner,
  report,
}: StoreParts): StoreInterfaceClass {
  return class CoreStore extends StoreInterface {
    readonly #name: StoreInterfaceStoreName;

    constructor(appId: string, storeName: StoreInterfaceStoreName) {
      super(appId, storeName);
      this.#name = storeName;
    }

    override async getItem(key: string): Promise<unknown> {
      // Core says who it is once it knows the user, and sends what is pending then: that has to be known before.
      await queueLoaded;
      if (this.#name === 'kv' && key === PENDING_KEY) return [];
      const unsaved = writes.unsaved(this.#name, key);
      const stored = unsaved ? structuredClone(unsaved[2] ?? null) : await this.#read(key);
      return isAnswer(this.#name, key) ? answerFor(owner(), stored) : stored;
    }

    override removeItem(key: string): Promise<void> {
      return writes.save([[this.#name, key, undefined]]);
    }

    override multiSet(pairs: [string, unknown][]): Promise<void> {
      const kept = this.#name === 'kv' ? pairs.filter(([key]) => key !== PENDING_KEY) : pairs;
      return writes.save(kept.map(([key, value]) => [this.#name, key, this.#toStore(key, value)] as const));
    }

    override async getAllKeys(): Promise<string[]> {
      try {
        return await records.keys(this.#name);
      } catch (cause) {
        report(new InstantNodeError('storage', `Cannot list what "${this.#name}" holds`, { cause }));
        return [];
      }
    }

    #toStore(key: string, value: unknown = null): unknown {
      return isAnswer(this.#name, key) ? withOwner(value, owner()) : value;
    }

    async #read(key: string): Promise<unknown> {
      const read = (): Promise<unknown> => records.read(this.#name, key);
      const failed = (what: string) => (cause: unknown) => {
        report(
          new InstantNodeError('storage', `Cannot read "${key}" of "${this.#name}": ${what}`, { cause }),
        );
      };
      if (this.#name === 'kv') {
        const value = await retryUntilDone(read, failed('it is tried again'), () => writes.isStopped);
        // Core works with the value itself, in place.
        if (value !== null) writes.noteLatest(['kv', key, structuredClone(value)]);
        return value;
      }
      try {
        return await read();
      } catch (cause) {
        if (!writes.isStopped) failed('the server is asked instead')(cause);
        return null;
      }
    }
  };
}
