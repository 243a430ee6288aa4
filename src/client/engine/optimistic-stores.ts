import type { WriteEntry } from '../transactions/pending-write.ts';
import type { TransactionStep } from '../transactions/transactions.ts';
import { applyWrites } from './apply-writes.ts';
import type { Stores } from './store.ts';

interface Applied extends Stores {
  /** What it was made from. */
  base: object;
  /** The steps of each write that is in it. */
  steps: readonly (readonly TransactionStep[])[];
}

/**
 * The stores of live queries with the pending writes on top, remembered for as long as core keeps what they were made
 * from: a further write is applied to what was there, and not all of them again.
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
