import type { WriteEntry } from '../transactions/pending-write.ts';
import { OptimisticStores } from './optimistic-stores.ts';
import type { Stores } from './store.ts';

/** The pending writes that live queries show on top of their answers. */
export class ShownWrites {
  readonly #optimistic: OptimisticStores = new OptimisticStores();
  /** The writes last passed to `show`. */
  #toShow: readonly WriteEntry[] | undefined;

  /** Notes the writes to show, in their order. */
  show<Writes extends readonly WriteEntry[]>(writes: Writes): Writes {
    this.#toShow = writes;
    return writes;
  }

  /**
   * Applies `writes` on top of `stores`, if they are the ones to show. Core also applies writes to what it keeps of a
   * refresh, where one that is refused later would stay forever.
   */
  apply(stores: Stores, writes: readonly WriteEntry[], processedTxId: number | undefined): Stores {
    if (writes !== this.#toShow) return stores;
    // A store that does not say how old it is may lack any write.
    const unseen = writes.filter(([, { 'tx-id': txId }]) => !txId || txId > (processedTxId ?? 0));
    return this.#optimistic.apply(stores, unseen);
  }
}
