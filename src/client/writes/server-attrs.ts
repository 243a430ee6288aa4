import { rewriteWrites, WritesRewriting } from '../engine/rewrite-writes.ts';
import type { AttrsStore } from '../engine/store.ts';
import { Turn } from '../timing/turn.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import type { QueueView } from './queue-view.ts';

/** How many writes are rewritten between two looks at the clock. */
const AT_ONCE = 64;

/** Puts the server's attributes in place of those that pending writes add. */
export class ServerAttrs {
  readonly #view: QueueView;
  readonly #attrs: () => AttrsStore;

  /** What is left of `takeAll`, in this turn of the event loop and the next ones. */
  #left: (() => void) | undefined;
  readonly #turn: Turn = new Turn(() => this.#left?.());

  /** `attrs` throws while no attributes are known. */
  constructor(view: QueueView, attrs: () => AttrsStore) {
    this.#view = view;
    this.#attrs = attrs;
  }

  get #queue(): WriteQueue {
    return this.#view.queue;
  }

  /**
   * Puts the server's attributes in place of those that pending writes add and it already has. With `processedTxId`,
   * writes that the server has processed no longer add any.
   */
  take(processedTxId?: number): void {
    const attrs = this.#attrs();
    if (this.#queue.attrSteps.isEmpty) return;
    const looked = this.#areReplaced(attrs) ? this.#queue : (this.#queue.confirmed as Map<string, Mutation>);
    const changed = rewritten(attrs, looked, processedTxId);
    if (changed !== looked) this.#view.update((queue) => queue.rewrite(changed));
  }

  /**
   * Does so for all pending writes, those that are made meanwhile included; of many, some in each turn of the event
   * loop. Calls `done` after that, which may be before it returns. Replaces a call that is not done.
   */
  takeAll(done: () => void): void {
    this.stop();
    const attrs = this.#attrs();
    if (!this.#areReplaced(attrs)) {
      this.take();
      done();
      return;
    }
    const rewriting = new WritesRewriting(attrs);
    // It goes on to what is put into the queue later.
    const writes = this.#queue.entries();
    this.#left = () => {
      while (this.#rewriteSome(rewriting, writes)) if (this.#turn.isOver()) return;
      this.#left = undefined;
      done();
    };
    this.#left();
  }

  /** Does nothing more of `takeAll`. */
  stop(): void {
    this.#left = undefined;
  }

  /** Rewrites the next writes. Returns whether there may be more. */
  #rewriteSome(rewriting: WritesRewriting, writes: Iterator<[string, Mutation]>): boolean {
    const some = new Map<string, Mutation>();
    for (let count = 0; count < AT_ONCE; count++) {
      const { done, value } = writes.next();
      if (done) break;
      const [eventId, mutation] = value;
      some.set(eventId, rewriting.rewritten(mutation));
    }
    this.#view.update((queue) => queue.rewrite(some));
    return some.size === AT_ONCE;
  }

  /**
   * `writes` with the server's attributes, or as they are. At a refresh, which comes with a `processedTxId`, the queue
   * itself is changed and core goes on with an empty one: it would sort the writes for stores that no pending write is
   * applied to.
   */
  rewrite(
    attrs: AttrsStore | undefined,
    writes: Map<string, Mutation>,
    processedTxId?: number,
  ): Map<string, Mutation> {
    if (!attrs) return writes;
    if (writes !== this.#queue) return rewritten(attrs, writes, processedTxId);
    if (processedTxId === undefined) return this.#areReplaced(attrs) ? rewritten(attrs, writes) : writes;
    this.take(processedTxId);
    return this.#view.hide();
  }

  /** The attributes that a write has added and that are not known yet. */
  addedBy(mutation: Mutation): { id: string }[] {
    if (!mutation['tx-steps'].some(([op]) => op === 'add-attr')) return [];
    const attrs = this.#attrs();
    return [...this.rewrite(attrs, new Map([['', mutation]])).values()]
      .flatMap(({ 'tx-steps': steps }) => steps.filter(([op]) => op === 'add-attr'))
      .map(([, attr]) => attr as unknown as { id: string })
      .filter(({ id: attrId }) => !attrs.getAttr(attrId));
  }

  /** Whether the server has attributes that pending writes add, under other ids. */
  #areReplaced(attrs: AttrsStore): boolean {
    const { attrSteps } = this.#queue;
    if (attrSteps.isEmpty) return false;
    const condensed = attrSteps.condensed();
    return rewritten(attrs, condensed) !== condensed;
  }
}

function rewritten(
  attrs: AttrsStore,
  writes: Map<string, Mutation>,
  processedTxId?: number,
): Map<string, Mutation> {
  return rewriteWrites(attrs, writes, processedTxId) as Map<string, Mutation>;
}
