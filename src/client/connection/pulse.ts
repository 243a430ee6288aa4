import { type Clock, LATE_MS, processClock } from '../timing/clock.ts';
import type { Timer } from '../timing/timers.ts';

/** What is due later than this is looked at with what is due in the same second before. */
const COARSE_MS = 5_000;
const SECOND_MS = 1_000;

/** Something that is looked at from time to time. */
export interface Watched {
  /** When to look at it next; infinity for never. */
  dueAt(): number;
  /** Looks at it. `wasAway` says that the process did not get to read what its peers sent. */
  check(wasAway: boolean): void;
}

/** One timer for all connections of a process, so that a thousand idle ones do not wake it a thousand times. */
export class Pulse {
  readonly #clock: Clock;
  readonly #watched: Set<Watched> = new Set();
  #timer: Timer | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to look at it, until the returned function is called. */
  watch(watched: Watched): () => void {
    this.#watched.add(watched);
    this.sooner(watched);
    return () => {
      this.#watched.delete(watched);
      if (this.#watched.size === 0) this.#stop();
    };
  }

  /** It may be due sooner than it was. What is due later is found out when the timer fires. */
  sooner(watched: Watched): void {
    const at = this.#coarse(watched.dueAt());
    if (at < this.#firesAt) this.#fireAt(at);
  }

  #coarse(at: number): number {
    return at - this.#clock.now() > COARSE_MS ? Math.floor(at / SECOND_MS) * SECOND_MS : at;
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #fireAt(at: number): void {
    this.#stop();
    if (!Number.isFinite(at)) return;
    this.#firesAt = at;
    this.#timer = this.#clock.after(Math.max(at - this.#clock.now(), 0), () => this.#fire(at));
  }

  #fire(at: number): void {
    const now = this.#clock.now();
    this.#stop();
    const wasAway = now - at > LATE_MS;
    // What is due within the next second was asked for by a time that was rounded down.
    for (const watched of [...this.#watched]) {
      if (wasAway || watched.dueAt() - now < SECOND_MS) watched.check(wasAway);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const watched of this.#watched) next = Math.min(next, this.#coarse(watched.dueAt()));
    // Never in the same moment again: the clock of a timer may be a little behind.
    this.#fireAt(Math.max(next, now + 1));
  }
}

/** That of this process. */
export const processPulse: Pulse = new Pulse(processClock);
