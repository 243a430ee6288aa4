import type { Reactor } from '@instantdb/core';
import { type CachingParts, CachingReactor } from './caching-reactor.ts';
import { OptimisticStores } from './engine/optimistic-stores.ts';
import { rewriteWrites } from './engine/rewrite-writes.ts';
import type { AttrsStore, Stores } from './engine/store.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { Keeping } from './storage/keeping.ts';
import { Pace } from './timing/throttle.ts';
import type { Timer, Timers } from './timing/timers.ts';
import type { WriteEntry } from './transactions/pending-write.ts';
import type { Mutation } from './transactions/transactions.ts';
import type { WriteQueue } from './transactions/write-queue.ts';
import { type ShownQueue, showQueue } from './writes/queue-in-kv.ts';

/** What the queue, and core under it, are made with. */
export interface QueueParts extends Omit<CachingParts, 'Store'> {
  keeping: Keeping;
}

/** What the server says of a write that it has committed. */
export interface Confirmation {
  'client-event-id': string;
  'tx-id': number;
}

/** So many writes are many: fewer take no time to speak of to be applied. */
const MANY = 1_000;

type AttrsAndStore = ReturnType<Reactor['_applyOptimisticUpdates']>;

/**
 * Core's reactor over a queue of pending writes of ours, of which each costs the same however many wait.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class QueueReactor<Schema extends AnySchema> extends CachingReactor<Schema> {
  protected readonly keeping: Keeping;
  protected readonly queue: WriteQueue;
  readonly #kv: ShownQueue;
  readonly #optimistic: OptimisticStores = new OptimisticStores();
  readonly #timers: Timers;
  readonly #pace: Pace;
  #isRefreshing = false;
  /** Runs while a write is confirmed and not forgotten. */
  #forgetting: Timer | undefined;
  /** The writes that were last put in order to show what they change. */
  #toShow: readonly WriteEntry[] | undefined;
  /** What `_pendingMutations` shows in place of the queue, while core looks for attributes alone. */
  #view: ReadonlyMap<string, Mutation> | undefined;

  constructor({ keeping, ...parts }: QueueParts) {
    super({ ...parts, Store: keeping.Store });
    this.keeping = keeping;
    this.queue = keeping.queue;
    this.#timers = parts.timers;
    this.#pace = new Pace(parts.timers);
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

  /**
   * Puts the server's attributes in the place of those that pending writes add and that it has already. Writes that it has
   * processed, when told which, add none any more.
   */
  protected takeServersAttrs(processedTxId?: number): void {
    const attrs = this.ensureAttrs();
    if (this.queue.attrSteps.isEmpty) return;
    const looked = this.#areReplaced(attrs) ? this.queue : (this.queue.confirmed as Map<string, Mutation>);
    const changed = rewritten(attrs, looked, processedTxId);
    if (changed !== looked) this._updatePendingMutations(() => this.queue.rewrite(changed));
  }

  /** Whether the server has attributes that pending writes add, under other ids. */
  #areReplaced(attrs: object): boolean {
    const { attrSteps } = this.queue;
    if (attrSteps.isEmpty) return false;
    const condensed = attrSteps.condensed();
    return rewritten(attrs, condensed) !== condensed;
  }

  #viewing<T>(view: ReadonlyMap<string, Mutation>, work: () => T): T {
    const before = this.#view;
    this.#view = view;
    try {
      return work();
    } finally {
      this.#view = before;
    }
  }

  // Core copies all of them, although few attributes are added and fewer of them are the server's already. At a refresh it
  // goes on to sort them, for stores that no pending write is applied to.
  override _rewriteMutations(
    attrs: Parameters<Reactor['_rewriteMutations']>[0] | undefined,
    mutations: Map<string, Mutation>,
    processedTxId?: number,
  ): Map<string, Mutation> {
    if (!attrs) return mutations;
    if (mutations !== this.queue) return rewritten(attrs, mutations, processedTxId);
    if (processedTxId === undefined) {
      return this.#areReplaced(attrs) ? rewritten(attrs, mutations) : mutations;
    }
    this.takeServersAttrs(processedTxId);
    this.#view = new Map();
    return this.#view as Map<string, Mutation>;
  }

  override _handleReceive(connectionId: string, message: unknown): void {
    this.#isRefreshing = Object(message).op === 'refresh-ok';
    try {
      super._handleReceive(connectionId, message);
    } finally {
      this.#isRefreshing = false;
      this.#view = undefined;
    }
  }

  // Core evaluates a query at each refresh, with all pending writes on top. While many are delivered, each of them brings
  // a refresh: that is the square of their number.
  override notifyOne = (hash: string): void => {
    const tell = (): void => this.answers.tell(hash);
    if (this.queue.waiting < MANY) tell();
    else if (this.#isRefreshing) this.#pace.ask(hash, tell);
    else this.#pace.now(hash, tell);
  };

  override _cleanupQuery(q: unknown, hash: string): void {
    super._cleanupQuery(q, hash);
    if (!this._hasQueryListeners(hash)) this.#pace.forget(hash);
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
    this.#view = undefined;
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

function rewritten(
  attrs: object,
  writes: Map<string, Mutation>,
  processedTxId?: number,
): Map<string, Mutation> {
  return rewriteWrites(attrs as AttrsStore, writes, processedTxId) as Map<string, Mutation>;
}
