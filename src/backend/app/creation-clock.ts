/** How far creation times may run ahead of the clock, in milliseconds. */
const LEAD_MS = 1_000;

/**
 * Gives each transaction of an app its own creation time, in epoch milliseconds: a later write gets a later time, so
 * that entities keep the order of their creation. Clients order by it and break ties by id, which is effectively
 * random; and here, unlike across a network, an awaited write and the next one often fall into the same millisecond.
 *
 * Beyond a thousand transactions a second, times run ahead of the clock, by a second at most; after that, transactions
 * share one. If the clock is turned back by more than that, the times follow it.
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
