import type { WriteOutcome } from '../../errors.ts';
import { AttrSteps } from './attr-steps.ts';
import type { AuthoredWrite, WriteEntry } from './pending-write.ts';
import { bytesOf } from './step-bytes.ts';
import type { Stuck } from './stuck.ts';
import type { Mutation } from './transactions.ts';

/** What a {@link WriteQueue} needs from what persists its writes. */
export interface WriteKeeper {
  /** Persists the newest state of a write. */
  put(eventId: string, mutation: Mutation): void;
  /** Forgets a write. */
  remove(eventId: string): void;
  /** Persists these again, and nothing else. */
  persistAgain(writes: readonly WriteEntry[], foreign: readonly AuthoredWrite[]): Promise<void>;
}

/**
 * The pending writes, in the order in which they are sent: the map that core's code reads.
 *
 * Core copies its map at each change and often searches all of it. Here every change costs the same, and what core
 * searches for is at hand: which writes are confirmed, and which change attributes.
 */
export class WriteQueue extends Map<string, Mutation> {
  /** Writes that were sent at least once, and not answered. */
  readonly sent: Set<string> = new Set();
  /** What pending writes do to attributes. */
  readonly attrSteps: AttrSteps = new AttrSteps();
  /** Writes that are kept although the server does not take them for now. */
  readonly stuck: Map<string, Stuck> = new Map();
  /** Writes that stay behind one of those. None is in both. */
  readonly behind: Set<string> = new Set();
  /** Writes during which a connection ended, and which may be why. */
  readonly suspects: Set<string> = new Set();
  readonly #keeper: WriteKeeper | undefined;
  readonly #confirmed: Map<string, Mutation> = new Map();
  #lastOrder = 0;
  #bytes = 0;
  #version = 0;

  /** Without a keeper, nothing is persisted. */
  constructor(keeper: WriteKeeper | undefined) {
    super();
    this.#keeper = keeper;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#version;
  }

  /** How many the server has not confirmed. */
  get waiting(): number {
    return this.size - this.#confirmed.size;
  }

  /** How many bytes the steps of those have, as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many wait for the server and for nothing else: neither stuck nor behind one that is. */
  get deliverable(): number {
    return this.waiting - this.stuck.size - this.behind.size;
  }

  /** Writes that the server has confirmed, but not every query has in its answer yet. */
  get confirmed(): ReadonlyMap<string, Mutation> {
    return this.#confirmed;
  }

  /** The outcome of a write that will not be sent any more. */
  outcomeOf(eventId: string): WriteOutcome {
    return this.sent.has(eventId) ? 'unknown' : 'not-applied';
  }

  /** The place of the next write. */
  nextOrder(): number {
    this.#lastOrder++;
    return this.#lastOrder;
  }

  override set(eventId: string, mutation: Mutation): this {
    this.#index(eventId, mutation);
    if (mutation.error) return this;
    // The server has a confirmed write; here it only waits until every query has seen it.
    if (mutation['tx-id'] === undefined) this.#keeper?.put(eventId, mutation);
    else this.#keeper?.remove(eventId);
    return this;
  }

  override delete(eventId: string): boolean {
    this.#version++;
    this.#confirmed.delete(eventId);
    this.#answered(eventId);
    this.#keeper?.remove(eventId);
    const mutation = this.get(eventId);
    if (mutation) this.#unindex(eventId, mutation);
    return super.delete(eventId);
  }

  override clear(): void {
    for (const eventId of [...this.keys()]) this.delete(eventId);
  }

  /** Puts the writes of earlier processes before those of this one, which `remade` remakes on top of those. */
  restore(
    kept: readonly WriteEntry[],
    remade: (eventId: string, mutation: Mutation) => Mutation = (_, mutation) => mutation,
  ): void {
    if (kept.length === 0) return;
    const own = [...this];
    // Not `delete`, which would remove them from the storage too.
    super.clear();
    for (const [eventId, mutation] of own) this.#unindex(eventId, mutation);
    for (const [eventId, mutation] of kept) {
      this.#lastOrder = Math.max(this.#lastOrder, mutation.order);
      this.#index(eventId, mutation);
    }
    for (const [eventId, mutation] of own) {
      this.set(eventId, { ...remade(eventId, mutation), order: this.nextOrder() });
    }
  }

  /** Removes writes from the queue that stay in the storage. */
  setAside(eventIds: readonly string[]): void {
    for (const eventId of eventIds) {
      const mutation = this.get(eventId);
      if (mutation) this.#unindex(eventId, mutation);
      this.#free(eventId);
      // Not `delete`, which would remove them from the storage too.
      super.delete(eventId);
    }
    if (eventIds.length > 0) this.#version++;
  }

  /** Persists all of them again, and those of other authors, when the storage has lost them. */
  persistAgain(foreign: readonly AuthoredWrite[]): void {
    const waiting = [...this].filter(([, mutation]) => mutation['tx-id'] === undefined && !mutation.error);
    void this.#keeper?.persistAgain(waiting, foreign);
  }

  /** Replaces the steps of writes, as core rewrites them for attributes that the server already has. */
  rewrite(mutations: ReadonlyMap<string, Mutation>): void {
    for (const [eventId, mutation] of mutations) {
      if (this.has(eventId) && this.get(eventId) !== mutation) this.set(eventId, mutation);
    }
  }

  /** Forgets confirmed writes, oldest first, for as long as `isOver` returns true. Returns whether there were any. */
  forgetConfirmed(isOver: (mutation: Mutation) => boolean): boolean {
    const before = this.size;
    for (const [eventId, mutation] of this.#confirmed) {
      if (!isOver(mutation)) break;
      this.delete(eventId);
    }
    return this.size < before;
  }

  #index(eventId: string, mutation: Mutation): void {
    this.#version++;
    const before = this.get(eventId);
    if (before) this.#unindex(eventId, before);
    this.attrSteps.add(eventId, mutation);
    this.#bytes += waitingBytes(mutation);
    super.set(eventId, mutation);
    if (mutation['tx-id'] !== undefined) {
      this.#confirmed.set(eventId, mutation);
      this.#answered(eventId);
    }
  }

  #unindex(eventId: string, mutation: Mutation): void {
    this.attrSteps.remove(eventId, mutation);
    this.#bytes -= waitingBytes(mutation);
  }

  #answered(eventId: string): void {
    this.sent.delete(eventId);
    this.#free(eventId);
  }

  #free(eventId: string): void {
    this.stuck.delete(eventId);
    this.behind.delete(eventId);
    this.suspects.delete(eventId);
  }
}

/** The bytes of a write that waits for the server. Steps of one with an error may not be JSON. */
function waitingBytes(mutation: Mutation): number {
  return mutation['tx-id'] === undefined && !mutation.error ? bytesOf(mutation) : 0;
}
