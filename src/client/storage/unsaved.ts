import type { BatchLimit } from '../../drivers/contract.ts';
import { type Piece, takePiece } from './journal-pieces.ts';

/** What a record that is in the storage already is replaced in: little enough that what comes meanwhile waits for little. */
const AGAIN: BatchLimit = { records: 1_000, bytes: 1_000_000 };

/**
 * What the storage does not have yet, each record in one place: put since the last round began, part of the round that is
 * under way, to be removed, or refused in this round.
 *
 * A round goes to the storage in pieces. With each go the removals that there are by then, so that none waits for more
 * than a piece: a write that was delivered is sent again by whoever finds it. Records that are new come before those that
 * only replace others, since somebody may wait for them.
 */
export class Unsaved<State> {
  /** Not in the round that is under way, as it may be over before the next. */
  #later: Map<string, State> = new Map();
  readonly #new: Map<string, State> = new Map();
  readonly #again: Map<string, State> = new Map();
  readonly #removed: Map<string, undefined> = new Map();
  /** What the storage did not take in this round. */
  readonly #failed: Map<string, State | undefined> = new Map();

  /** How many records are to be removed. */
  get removals(): number {
    return this.#removed.size;
  }

  get isEmpty(): boolean {
    return this.#later.size === 0 && !this.isInRound && this.#removed.size === 0;
  }

  /** Whether there is more of the round that is under way. */
  get isInRound(): boolean {
    return this.#new.size > 0 || this.#again.size > 0;
  }

  /** Whether a record is to be put. */
  has(eventId: string): boolean {
    return this.#later.has(eventId) || this.hasInRound(eventId) || this.#failed.get(eventId) !== undefined;
  }

  /** Whether a record is to be put in the round that is under way. */
  hasInRound(eventId: string): boolean {
    return this.#new.has(eventId) || this.#again.has(eventId);
  }

  /** What is to be put. */
  *states(): Generator<State> {
    for (const states of [this.#new, this.#again, this.#later]) yield* states.values();
  }

  /** A record is to have this state; where it is to have another already, in the place of that. */
  put(eventId: string, state: State): void {
    this.#removed.delete(eventId);
    this.#failed.delete(eventId);
    const place = [this.#new, this.#again].find((states) => states.has(eventId)) ?? this.#later;
    place.set(eventId, state);
  }

  /** A record is to be removed. */
  remove(eventId: string): void {
    this.forget(eventId);
    this.#removed.set(eventId, undefined);
  }

  /** Nothing is to be done about a record. */
  forget(eventId: string): void {
    for (const states of [this.#new, this.#again, this.#later, this.#removed, this.#failed]) {
      states.delete(eventId);
    }
  }

  /** The storage did not take this, which is for another round, unless there is something newer. */
  failed(eventId: string, state: State | undefined): void {
    if (!this.has(eventId) && !this.#removed.has(eventId)) this.#failed.set(eventId, state);
  }

  /** Begins a round with all that was put, or adds it to the one that is under way. */
  begin(isKept: (eventId: string) => boolean): void {
    for (const [eventId, state] of this.#later) {
      (isKept(eventId) ? this.#again : this.#new).set(eventId, state);
    }
    this.#later.clear();
  }

  /** Ends the round: what is left of it is not put any more, and what failed comes before what was put since. */
  end(): void {
    this.#new.clear();
    this.#again.clear();
    const later = this.#later;
    this.#later = new Map();
    for (const [eventId, state] of this.#failed) {
      if (state === undefined) this.#removed.set(eventId, undefined);
      else this.#later.set(eventId, state);
    }
    this.#failed.clear();
    for (const [eventId, state] of later) this.#later.set(eventId, state);
  }

  /** Takes what is next: removals, and a piece of the round. */
  take(limit: BatchLimit | undefined): Piece<State | undefined>[] {
    const removed = takePiece(this.#removed, limit);
    const put = takePiece(this.#new, limit) ?? takePiece(this.#again, limit && least(limit, AGAIN));
    return [removed, put].filter((piece) => piece !== undefined);
  }
}

function least(one: BatchLimit, other: BatchLimit): BatchLimit {
  return { records: Math.min(one.records, other.records), bytes: Math.min(one.bytes, other.bytes) };
}
