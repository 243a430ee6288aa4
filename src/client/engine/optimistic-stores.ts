import type { WriteEntry } from '../transactions/pending-write.ts';
import type { TransactionStep } from '../transactions/transactions.ts';
import { applyWrites } from './apply-writes.ts';
import type { Stores } from './store.ts';

interface Applied extends Stores {
  /** The attributes that it was made with. */
  base: object;
  /** The steps of each write in it. */
  steps: readonly (readonly TransactionStep[])[];
}

/**
 * The stores of live queries with the pending writes on top, cached for as long as core keeps the originals: a new
 * write is applied to the cached store, rather than all of them again.
 */
export class OptimisticStores {
  readonly #applied: WeakMap<object, Applied> = new WeakMap();

  /** `writes` on top of `stores`. */
  apply(stores: Stores, writes: readonly WriteEntry[]): Stores {
    if (writes.length === 0) return stores;
    const known = this.#knownFor(stores, writes);
    const made = applyWrites(known ?? stores, known ? writes.slice(known.steps.length) : writes);
    const steps = writes.map(([, mutation]) => mutation['tx-steps']);
    this.#applied.set(stores.store, { ...made, base: stores.attrsStore, steps });
    return made;
  }

  #knownFor({ store, attrsStore }: Stores, writes: readonly WriteEntry[]): Applied | undefined {
    const known = this.#applied.get(store);
    if (!known || known.base !== attrsStore || known.steps.length > writes.length) return undefined;
    return known.steps.every((steps, index) => writes[index]?.[1]['tx-steps'] === steps) ? known : undefined;
  }
}
