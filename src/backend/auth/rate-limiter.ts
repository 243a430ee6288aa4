/** How many keys are counted at once; beyond that, keys whose period is over are forgotten. */
const MAX_KEYS = 10_000;

interface Count {
  used: number;
  readonly until: number;
}

/** Limits how often something happens per key and period. A period begins with its first event. */
export class RateLimiter {
  readonly #limit: number;
  readonly #periodMs: number;
  readonly #counts = new Map<string, Count>();

  constructor(limit: number, periodMs: number) {
    this.#limit = limit;
    this.#periodMs = periodMs;
  }

  /** Counts one event, and returns whether it is within the limit. `now` is in epoch milliseconds. */
  take(key: string, now: number): boolean {
    const count = this.#countOf(key, now);
    if (count.used >= this.#limit) return false;
    count.used++;
    return true;
  }

  #countOf(key: string, now: number): Count {
    const known = this.#counts.get(key);
    if (known && now < known.until) return known;
    if (this.#counts.size >= MAX_KEYS) this.#forgetEnded(now);
    const count = { used: 0, until: now + this.#periodMs };
    this.#counts.delete(key);
    this.#counts.set(key, count);
    return count;
  }

  #forgetEnded(now: number): void {
    // Keys are in the order in which their periods began, so expired ones come first.
    for (const [key, { until }] of this.#counts) {
      if (now < until) return;
      this.#counts.delete(key);
    }
  }
}
