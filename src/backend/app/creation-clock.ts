/** How far creation times may run ahead of the clock, in milliseconds. */
const LEAD_MS = 1_000;

/**
 * Gives each transaction of an app a creation time of its own, in epoch milliseconds: what was written later has a
 * later one, so that entities keep the order of their creation. Clients order by it and break ties by id, that is by
 * chance; and here, unlike across a network, an awaited write and the next one often fall into the same millisecond.
 *
 * Under more than a thousand transactions a second the times run ahead of the clock, by a second at most; then
 * transactions share one. They follow a clock that is turned back by more than that.
 */
export class CreationClock {
  readonly #now: () => number;
  #latest = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The creation time of the next transaction. */
  next(): number {
    const now = this.#now();
    const limit = now + LEAD_MS;
    this.#latest = this.#latest > limit ? now : Math.max(now, Math.min(this.#latest + 1, limit));
    return this.#latest;
  }
}
