import type { Reactor } from '@instantdb/core';
import type { CoreParts } from './discreet-reactor.ts';
import { OptimisticStores } from './optimistic-stores.ts';
import { QueryReactor } from './queries/query-reactor.ts';
import { rewriteWrites } from './queries/rewrite-writes.ts';
import type { AttrsStore, Stores } from './queries/store.ts';
import type { AnySchema } from './schema.ts';
import { type ShownQueue, showQueue } from './shown-queue.ts';
import type { WriteEntry } from './storage/journal.ts';
import type { Keeping } from './storage/keeping.ts';
import type { Timer, Timers } from './timers.ts';
import type { Mutation } from './transactions.ts';
import type { WriteQueue } from './write-queue.ts';

/** What the queue, and core under it, are made with. */
export interface QueueParts extends Omit<CoreParts, 'Store'> {
  keeping: Keeping;
  timers: Timers;
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
  readonly #timers: Timers;
  /** Runs while a write is confirmed and not forgotten. */
  #forgetting: Timer | undefined;
  /** The writes that were last put in order to show what they change. */
  #toShow: readonly WriteEntry[] | undefined;
  /** What `_pendingMutations` shows in place of the queue, while core looks for attributes alone. */
  #view: ReadonlyMap<string, Mutation> | undefined;

  constructor({ keeping, timers, ...parts }: QueueParts) {
    super({ ...parts, Store: keeping.Store });
    this.keeping = keeping;
    this.queue = keeping.queue;
    this.#timers = timers;
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
    return this.#viewing(this.queue.attrSteps.condensed(), () => super.optimisticAttrs());
  }

  // Core copies all pending writes and sorts them, to send all of them at once.
  override _flushPendingMessages(): void {
    this.takeServersAttrs();
    this.#viewing(new Map(), () => super._flushPendingMessages());
  }

  /** Puts the server's attributes in the place of those that pending writes add and that it has already. */
  protected takeServersAttrs(): void {
    const rewritten = this._rewriteMutations(this.ensureAttrs(), this.queue);
    if (rewritten !== this.queue) this._updatePendingMutations(() => this.queue.rewrite(rewritten));
  }

  #viewing<T>(view: ReadonlyMap<string, Mutation>, work: () => T): T {
    this.#view = view;
    try {
      return work();
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
    const isAsItIs = this._rewriteMutations(attrs, mutations) === this.queue;
    const sorted = isAsItIs
      ? [...this.queue]
      : (super._rewriteMutationsSorted(attrs, mutations) as WriteEntry[]);
    this.#toShow = sorted;
    return sorted;
  }

  // Core applies all of them anew for each live query at each change, and drafts the whole store for each. It also applies
  // them to what it keeps of a refresh, where a write that is refused later would stay for ever: only what is shown has
  // pending writes in it.
  override _applyOptimisticUpdates(
    store: AttrsAndStore['store'],
    attrsStore: AttrsAndStore['attrsStore'],
    mutations: readonly WriteEntry[],
    processedTxId: number | undefined,
  ): AttrsAndStore {
    if (mutations !== this.#toShow) return { store, attrsStore };
    // What does not say how old it is may lack any write.
    const unseen = mutations.filter(([, { 'tx-id': txId }]) => !txId || txId > (processedTxId ?? 0));
    return this.#optimistic.apply({ store, attrsStore } as Stores, unseen) as AttrsAndStore;
  }

  // Core looks through all pending writes, at each answer and each refresh.
  override _cleanupPendingMutationsQueries(): void {
    if (this.queue.size === this.queue.waiting) return;
    const seen = this.#seenByAll();
    this._updatePendingMutations(() => {
      this.queue.forgetConfirmed((mutation) => (mutation['tx-id'] ?? 0) <= seen);
    });
  }

  // Core looks when a message arrives, and only once there are many of them.
  override _cleanupPendingMutationsTimeout(): void {}

  /** The last transaction that every query with a subscriber has in its answer; 0 while one waits for its answer. */
  #seenByAll(): number {
    const hashes = [...Object.keys(this.queryCbs), ...Object.keys(this.queryOnceDfds)];
    return hashes
      .filter((hash) => this._hasQueryListeners(hash))
      .map((hash) => this.querySubs.currentValue[hash]?.result?.processedTxId ?? 0)
      .reduce((least, txId) => Math.min(least, txId), Number.MAX_SAFE_INTEGER);
  }

  /** A query that a write does not concern never says that it has seen it: after a while that is taken for granted. */
  #forgetInTime(): void {
    this.#forgetting ??= this.#timers.after(this._pendingTxCleanupTimeout, () => {
      this.#forgetting = undefined;
      const before = performance.now() - this._pendingTxCleanupTimeout;
      this._updatePendingMutations(() => {
        this.queue.forgetConfirmed(({ confirmed = 0 }) => confirmed <= before);
      });
      if (this.queue.size > this.queue.waiting) this.#forgetInTime();
    });
  }

  // What core does, without going through all pending writes for the one that was answered.
  protected confirmWrite({ 'client-event-id': eventId, 'tx-id': txId }: Confirmation): void {
    this._inFlightMutationEventIds.delete(eventId);
    const mutation = this.queue.get(eventId);
    if (!mutation) return;
    this._updatePendingMutations((queue) => {
      queue.set(eventId, { ...mutation, 'tx-id': txId, confirmed: performance.now() });
    });
    const added = this.#newAttrs(mutation);
    if (added.length > 0) this._setAttrs([...Object.values(this.ensureAttrs().attrs), ...added]);
    this._finishTransaction('synced', eventId);
    this._cleanupPendingMutationsQueries();
    if (this.queue.size > this.queue.waiting) this.#forgetInTime();
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
