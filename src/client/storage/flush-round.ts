import { isInstantNodeError } from '../../errors.ts';
import type { Piece } from './journal-pieces.ts';
import type { PersistWaiters } from './persist-waiters.ts';
import type { RecordStore } from './record-store.ts';
import type { RecordedWrites } from './recorded-writes.ts';
import type { StoredWrite } from './stored-write.ts';
import type { UnsavedWrites } from './unsaved-writes.ts';

/** The newest state of a write; undefined to remove its record. */
type State = StoredWrite | undefined;

/** What a journal is made of, and its rounds work on. */
export interface JournalParts {
  readonly records: RecordStore;
  readonly unsaved: UnsavedWrites<StoredWrite>;
  readonly recorded: RecordedWrites<StoredWrite>;
  readonly waiters: PersistWaiters;
}

/** What a round asks and tells its journal. */
export interface RoundEvents {
  /** Whether removals that come meanwhile belong to this round too. */
  isBehind(): boolean;
  isStopped(): boolean;
  /** The storage has answered for a piece. */
  pieceDone(): void;
}

/** How a round ended. */
export type RoundOutcome =
  | { readonly is: 'saved' }
  | {
      readonly is: 'failed';
      /** Why the first piece that failed did. */
      readonly cause: unknown;
      /** What is tried again, since no caller was told that it failed. */
      readonly retried: 'nothing' | 'removals' | 'writes';
    };

/**
 * One round of saving: everything unsaved, piece by piece. The promises of a piece resolve as soon as the storage has
 * it: a process that is killed between two pieces has stored the first, and has promised nothing about the second.
 */
export class FlushRound {
  readonly #parts: JournalParts;
  readonly #events: RoundEvents;
  #outcome: RoundOutcome = { is: 'saved' };

  constructor(parts: JournalParts, events: RoundEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Never rejects. What was not tried, or failed, stays in the unsaved writes. */
  async run(): Promise<RoundOutcome> {
    const { records, unsaved, waiters } = this.#parts;
    const inFlight: Promise<unknown>[] = [];
    this.#begin();
    do {
      const saved = Promise.all(unsaved.take(records.maxBatch).map((piece) => this.#save(piece)));
      // Once one has failed, each of the others may take as long to fail, so they are not awaited one by one.
      if (this.#outcome.is === 'saved') await saved;
      else inFlight.push(saved);
      if (waiters.size > 0) this.#begin();
    } while (!this.#events.isStopped() && this.#hasMore());
    await Promise.all(inFlight);
    return this.#outcome;
  }

  #begin(): void {
    const { unsaved, recorded } = this.#parts;
    unsaved.begin((eventId) => recorded.has(eventId));
  }

  #hasMore(): boolean {
    return this.#parts.unsaved.isInRound || (this.#outcome.is === 'saved' && this.#events.isBehind());
  }

  async #save({ states, changes }: Piece<State>): Promise<void> {
    const { records, recorded } = this.#parts;
    const added = recorded.given(states);
    try {
      await records.write(changes);
      this.#saved(states);
    } catch (cause) {
      this.#failed(states, cause);
      if (isInstantNodeError(cause) && cause.outcome === 'not-applied') recorded.absent(added);
    }
    this.#events.pieceDone();
  }

  #saved(states: ReadonlyMap<string, State>): void {
    const { recorded, waiters } = this.#parts;
    for (const [eventId, state] of recorded.answered(states)) {
      recorded.acknowledged(eventId, state);
      waiters.resolve(eventId);
    }
  }

  /** Refuses a write whose caller waits, and has its record removed in case there is one. Others are tried again. */
  #failed(states: ReadonlyMap<string, State>, cause: unknown): void {
    const { recorded, unsaved, waiters } = this.#parts;
    this.#noteFailure(cause);
    for (const [eventId, state] of recorded.answered(states)) {
      const isRefused = waiters.reject(eventId, cause);
      if (!isRefused) this.#noteRetried(state ? 'writes' : 'removals');
      unsaved.failed(eventId, isRefused ? undefined : state);
    }
  }

  #noteFailure(cause: unknown): void {
    if (this.#outcome.is === 'saved') this.#outcome = { is: 'failed', cause, retried: 'nothing' };
  }

  #noteRetried(retried: 'removals' | 'writes'): void {
    if (this.#outcome.is === 'saved' || this.#outcome.retried === 'writes') return;
    this.#outcome = { ...this.#outcome, retried };
  }
}
