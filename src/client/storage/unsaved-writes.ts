import type { BatchLimit } from '../../drivers/contract.ts';
import { type Piece, takePiece } from './journal-pieces.ts';

/** Replacements of existing records go in small pieces: whatever comes meanwhile waits for one of them at most. */
const REPLACE_LIMIT: BatchLimit = { records: 1_000, bytes: 1_000_000 };

/**
 * Where a write is that the storage lacks, always in exactly one place:
 *
 * - `next`: waits for the next round.
 * - `added`: waits for its piece of this round, as a new record.
 * - `replaced`: waits for its piece of this round, to replace an existing record.
 * - `removed`: waits for its record to be removed.
 * - `failed`: the storage did not accept it in this round; undefined to remove its record in the next.
 */
type Place = 'next' | 'added' | 'replaced' | 'removed' | 'failed';
const PLACES: readonly Place[] = ['next', 'added', 'replaced', 'removed', 'failed'];
type States<State> = Map<string, State | undefined>;

/**
 * The writes whose newest state the storage does not have.
 *
 * They go to the storage in rounds, and a round in pieces. With each piece go the removals that wait by then, so that
 * none waits for more than one piece: a process that is killed before a delivered write is removed sends it again. New
 * records come before replacements, since a caller may wait for them.
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

  /** Whether there is more to put in the current round. */
  get isInRound(): boolean {
    return this.#in.added.size > 0 || this.#in.replaced.size > 0;
  }

  /** Whether a write waits to be stored. */
  has(eventId: string): boolean {
    const place = this.#placeOf(eventId);
    return place !== undefined && this.#in[place].get(eventId) !== undefined;
  }

  /** Whether a write waits for a piece of the current round. */
  hasInRound(eventId: string): boolean {
    return this.#in.added.has(eventId) || this.#in.replaced.has(eventId);
  }

  /** The states that wait to be stored and were not tried in this round. */
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

  /** Takes the write out, and schedules the removal of its record. */
  remove(eventId: string): void {
    this.forget(eventId);
    this.#in.removed.set(eventId, undefined);
  }

  /** Takes the write out, and leaves its record as it is. */
  forget(eventId: string): void {
    const place = this.#placeOf(eventId);
    if (place) this.#in[place].delete(eventId);
  }

  /** The storage did not accept this: it goes into the next round, unless there is something newer. */
  failed(eventId: string, state: State | undefined): void {
    if (!this.#placeOf(eventId)) this.#in.failed.set(eventId, state);
  }

  /** Begins a round with all that was put, or adds it to the current one. */
  begin(isRecorded: (eventId: string) => boolean): void {
    const { next, added, replaced } = this.#in;
    for (const [eventId, state] of next) (isRecorded(eventId) ? replaced : added).set(eventId, state);
    next.clear();
  }

  /** Ends the round: drops what is left of it, and puts what failed before what was put since. */
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
