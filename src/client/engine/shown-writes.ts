import type { WriteEntry } from '../transactions/pending-write.ts';
import { OptimisticStores } from './optimistic-stores.ts';
import type { Stores } from './store.ts';

/** The pending writes that are on top of what live queries show. */
export class ShownWrites {
  readonly #optimistic: OptimisticStores = new OptimisticStores();
  /** The writes that were last put in order to show what they change. */
  #toShow: readonly WriteEntry[] | undefined;

  /** Notes the writes that are to be shown, in their order. */
  show<Writes extends readonly WriteEntry[]>(writes: Writes): Writes {
    this.#toShow = writes;
    return writes;
  }

  /**
   * `writes` on top of `stores`, when they are those to be shown. Core also applies them to what it keeps of a refresh,
   * where a write that is refused later would stay for ever.
   */
  apply(stores: Stores, writes: readonly WriteEntry[], processedTxId: number | undefined): Stores {
    if (writes !== this.#toShow) return stores;
    // What does not say how old it is may lack any write.
    const unseen = writes.filter(([, { 'tx-id': txId }]) => !txId || txId > (processedTxId ?? 0));
    return this.#optimistic.apply(stores, unseen);
  }
}
