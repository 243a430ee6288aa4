import type { Reactor } from '@instantdb/core';
import { OptimisticStores } from './optimistic-stores.ts';
import { type CoreParts, QueryReactor } from './queries/query-reactor.ts';
import { rewriteWrites } from './queries/rewrite-writes.ts';
import type { AttrsStore, Stores } from './queries/store.ts';
import type { AnySchema } from './schema.ts';
import { type ShownQueue, showQueue } from './shown-queue.ts';
import type { WriteEntry } from './storage/journal.ts';
import type { Keeping } from './storage/keeping.ts';
import type { Mutation } from './transactions.ts';
import type { WriteQueue } from './write-queue.ts';

/** What the queue, and core under it, are made with. */
export interface QueueParts extends Omit<CoreParts, 'Store'> {
  keeping: Keeping;
}

/** What the server says of a write that it has committed. */
export interface Confirmation {
  'client-event-id': string;
  'tx-id': number;
}

type AttrsAndStore = ReturnType<Reactor['_applyOptimisticUpdates']>;

/**
 * Core's reactor over a queue of pending writes of ours, of which each costs the same however many wait.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class QueueReactor<Schema extends AnySchema> extends QueryReactor<Schema> {
  protected readonly keeping: Keeping;
  protected readonly queue: WriteQueue;
  readonly #kv: ShownQueue;
  readonly #optimistic: OptimisticStores = new OptimisticStores();
  /** What `_pendingMutations` shows in place of the queue, while core looks for attributes alone. */
  #view: ReadonlyMap<string, Mutation> | undefined;

  constructor(parts: QueueParts) {
    super({ ...parts, Store: parts.keeping.Store });
    this.keeping = parts.keeping;
    this.queue = this.keeping.queue;
    this.#kv = showQueue(this.kv, this.queue);
  }

  /** Called when the queue has changed. */
  protected abstract queueChanged(): void;

  // Core's map is a value of `kv`, copied at each change.
  override _pendingMutations(): Map<string, Mutation> {
    return (this.#view ?? this.queue) as Map<string, Mutation>;
  }

  override _updatePendingMutations(change: (queue: Map<string, Mutation>) => void): void {
    const before = this.queue.version;
    change(this.queue);
    if (this.queue.version === before) return;
    this.#kv.changed();
    this.queueChanged();
  }

  // Core looks through the steps of all pending writes for those that change attributes.
  override optimisticAttrs(): ReturnType<Reactor['optimisticAttrs']> {
    this.#view = this.queue.attrSteps.condensed();
    try {
      return super.optimisticAttrs();
    } finally {
      this.#view = undefined;
    }
  }

  // Core copies all of them, although nothing is to be rewritten where no write changes an attribute.
  override _rewriteMutations(
    attrs: Parameters<Reactor['_rewriteMutations']>[0] | undefined,
    mutations: Map<string, Mutation>,
    processedTxId?: number,
  ): Map<string, Mutation> {
    if (!attrs || (mutations === this.queue && this.queue.attrSteps.isEmpty)) return mutations;
    return rewriteWrites(attrs as AttrsStore, mutations, processedTxId) as Map<string, Mutation>;
  }

  // Core sorts them for each live query at each change; they are in order.
  override _rewriteMutationsSorted(
    attrs: Parameters<Reactor['_rewriteMutations']>[0],
    mutations: Map<string, Mutation>,
  ): WriteEntry[] {
    if (this._rewriteMutations(attrs, mutations) === this.queue) return [...this.queue];
    return super._rewriteMutationsSorted(attrs, mutations) as WriteEntry[];
  }

  // Core applies all of them anew for each live query at each change, and drafts the whole store for each.
  override _applyOptimisticUpdates(
    store: AttrsAndStore['store'],
    attrsStore: AttrsAndStore['attrsStore'],
    mutations: readonly WriteEntry[],
    processedTxId: number | undefined,
  ): AttrsAndStore {
    const unseen = mutations.filter(
      ([, { 'tx-id': txId }]) => !txId || (processedTxId && txId > processedTxId),
    );
    return this.#optimistic.apply({ store, attrsStore } as Stores, unseen) as AttrsAndStore;
  }

  // Core looks through all pending writes, at each answer and each refresh.
  override _cleanupPendingMutationsQueries(): void {
    // It is asked at each message, and then of each live query.
    if (this.queue.size === this.queue.waiting) return;
    const seen = Object.values(this.querySubs.currentValue).map(
      ({ result }) => result?.processedTxId || Number.MAX_SAFE_INTEGER,
    );
    const seenByAll = seen.reduce((least, txId) => Math.min(least, txId), Number.MAX_SAFE_INTEGER);
    this._updatePendingMutations(() => {
      this.queue.forgetConfirmed((mutation) => (mutation['tx-id'] ?? 0) <= seenByAll);
    });
  }

  override _cleanupPendingMutationsTimeout(): void {
    if (this.queue.size < this._pendingMutationCleanupThreshold) return;
    const before = Date.now() - this._pendingTxCleanupTimeout;
    this._updatePendingMutations(() => {
      this.queue.forgetConfirmed(({ confirmed }) => confirmed !== undefined && confirmed < before);
    });
  }

  // What core does, without going through all pending writes for the one that was answered.
  protected confirmWrite({ 'client-event-id': eventId, 'tx-id': txId }: Confirmation): void {
    this._inFlightMutationEventIds.delete(eventId);
    const mutation = this.queue.get(eventId);
    if (!mutation) return;
    this._updatePendingMutations((queue) => {
      queue.set(eventId, { ...mutation, 'tx-id': txId, confirmed: Date.now() });
    });
    const added = this.#newAttrs(mutation);
    if (added.length > 0) this._setAttrs([...Object.values(this.ensureAttrs().attrs), ...added]);
    this._finishTransaction('synced', eventId);
    this._cleanupPendingMutationsTimeout();
  }

  #newAttrs(mutation: Mutation): { id: string }[] {
    if (!mutation['tx-steps'].some(([op]) => op === 'add-attr')) return [];
    const attrs = this.ensureAttrs();
    return [...this._rewriteMutations(attrs, new Map([['', mutation]])).values()]
      .flatMap(({ 'tx-steps': steps }) => steps.filter(([op]) => op === 'add-attr'))
      .map(([, attr]) => attr as unknown as { id: string })
      .filter(({ id: attrId }) => !attrs.getAttr(attrId));
  }
}
