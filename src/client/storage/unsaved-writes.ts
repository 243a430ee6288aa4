import type { BatchLimit } from '../../drivers/contract.ts';
import { type Piece, takePiece } from './journal-pieces.ts';

/** What replaces records that are there already goes in small pieces: what comes meanwhile waits for one of them at most. */
const REPLACE_LIMIT: BatchLimit = { records: 1_000, bytes: 1_000_000 };

/**
 * Where a write is that the storage lacks, always in one place:
 *
 * - `next`: waits for the next round.
 * - `added`: waits for its piece of this round, as a new record.
 * - `replaced`: waits for its piece of this round, to replace a record that is there.
 * - `removed`: waits for its record to be removed.
 * - `failed`: the storage did not take it in this round; undefined to remove its record in the next.
 */
type Place = 'next' | 'added' | 'replaced' | 'removed' | 'failed';
const PLACES: readonly Place[] = ['next', 'added', 'replaced', 'removed', 'failed'];
type States<State> = Map<string, State | undefined>;

/**
 * The writes that the storage does not have in their newest state.
 *
 * They go to the storage in rounds, and a round goes in pieces. With each piece go the removals that there are by then, so
 * that none waits for more than one: a process that is killed before a delivered write is removed sends it again. New
 * records come before those that replace others, since somebody may wait for them.
 */
export class UnsavedWrites<State extends object> {
  readonly #in: Record<Place, States<State>> = {
    next: new Map(),
    added: new Map(),
    replaced: new Map(),
    removed: new Map(),
    failed: new Map(),
  };

  /** How many records wait to be removed. */
  get removals(): number {
    return this.#in.removed.size;
  }

  /** Whether there is nothing left to do but what failed in this round. */
  get isEmpty(): boolean {
    return this.#in.next.size === 0 && !this.isInRound && this.#in.removed.size === 0;
  }

  /** Whether there is more to put in the round that is under way. */
  get isInRound(): boolean {
    return this.#in.added.size > 0 || this.#in.replaced.size > 0;
  }

  /** Whether a write waits to be stored. */
  has(eventId: string): boolean {
    const place = this.#placeOf(eventId);
    return place !== undefined && this.#in[place].get(eventId) !== undefined;
  }

  /** Whether a write waits for a piece of the round that is under way. */
  hasInRound(eventId: string): boolean {
    return this.#in.added.has(eventId) || this.#in.replaced.has(eventId);
  }

  /** What waits to be stored and was not tried in this round. */
  *states(): Generator<State> {
    for (const place of ['added', 'replaced', 'next'] as const) {
      for (const state of this.#in[place].values()) if (state) yield state;
    }
  }

  /** Replaces the state in which a write waits, or adds it. */
  put(eventId: string, state: State): void {
    const place = this.#placeOf(eventId);
    if (place === 'added' || place === 'replaced' || place === 'next') this.#in[place].set(eventId, state);
    else {
      this.forget(eventId);
      this.#in.next.set(eventId, state);
    }
  }

  /** Takes the write out, and has its record removed. */
  remove(eventId: string): void {
    this.forget(eventId);
    this.#in.removed.set(eventId, undefined);
  }

  /** Takes the write out, and leaves its record as it is. */
  forget(eventId: string): void {
    const place = this.#placeOf(eventId);
    if (place) this.#in[place].delete(eventId);
  }

  /** The storage did not take this: it is for the next round, unless there is something newer. */
  failed(eventId: string, state: State | undefined): void {
    if (!this.#placeOf(eventId)) this.#in.failed.set(eventId, state);
  }

  /** Begins a round with all that was put, or adds it to the one that is under way. */
  begin(isRecorded: (eventId: string) => boolean): void {
    const { next, added, replaced } = this.#in;
    for (const [eventId, state] of next) (isRecorded(eventId) ? replaced : added).set(eventId, state);
    next.clear();
  }

  /** Ends the round: what is left of it is dropped, and what failed comes before what was put since. */
  end(): void {
    const { next, added, replaced, removed, failed } = this.#in;
    added.clear();
    replaced.clear();
    const again: States<State> = new Map();
    for (const [eventId, state] of failed) (state ? again : removed).set(eventId, state);
    failed.clear();
    for (const [eventId, state] of next) again.set(eventId, state);
    this.#in.next = again;
  }

  /** Takes out what goes to the storage next: removals, and a piece of the round. */
  take(limit: BatchLimit | undefined): Piece<State | undefined>[] {
    const { added, replaced, removed } = this.#in;
    const pieces = [
      takePiece(removed, limit),
      takePiece(added, limit) ?? takePiece(replaced, limit && least(limit, REPLACE_LIMIT)),
    ];
    return pieces.filter((piece) => piece !== undefined);
  }

  #placeOf(eventId: string): Place | undefined {
    return PLACES.find((place) => this.#in[place].has(eventId));
  }
}

function least(one: BatchLimit, other: BatchLimit): BatchLimit {
  return { records: Math.min(one.records, other.records), bytes: Math.min(one.bytes, other.bytes) };
}
