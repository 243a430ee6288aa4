import type { RateLimit } from './rate-limit-config.ts';

/** The outcome of taking tokens. */
export type Consumption =
  | { readonly taken: true }
  | { readonly taken: false; readonly retryAt: number; readonly remaining: number };

interface Level {
  tokens: number;
  /** The time up to which tokens have been refilled. */
  at: number;
}

/** The maximum number of buckets; beyond it, the oldest tenth is dropped, and those buckets start full again. */
const MAX_BUCKETS = 100_000;

/** The buckets of an app's rate limits; each starts full. Times are in epoch milliseconds. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Level[]>();

  /** Takes tokens from the bucket of a key, all or none. */
  take(key: string, limits: readonly RateLimit[], tokens: number, now: number): Consumption {
    const levels = this.#levels(key, limits, now);
    const remaining = Math.min(...levels.map((level) => Math.floor(level.tokens)));
    if (levels.every((level) => level.tokens >= tokens)) {
      for (const level of levels) level.tokens -= tokens;
      return { taken: true };
    }
    const waits = limits.map((limit, i) => waitFor(limit, levels[i], tokens, now));
    return { taken: false, retryAt: now + Math.max(...waits), remaining };
  }

  #levels(key: string, limits: readonly RateLimit[], now: number): Level[] {
    const known = this.#buckets.get(key);
    if (known) {
      for (const [i, limit] of limits.entries()) refill(limit, known[i], now);
      return known;
    }
    if (this.#buckets.size >= MAX_BUCKETS) this.#makeRoom();
    const levels = limits.map(({ capacity }): Level => ({ tokens: capacity, at: now }));
    this.#buckets.set(key, levels);
    return levels;
  }

  #makeRoom(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      if (this.#buckets.size < MAX_BUCKETS * 0.9) return;
    }
  }
}

function refill(limit: RateLimit, level: Level | undefined, now: number): void {
  if (!level || now <= level.at) return;
  const { capacity, amount, periodMs, type } = limit;
  const periods = (now - level.at) / periodMs;
  const whole = type === 'interval' ? Math.floor(periods) : periods;
  level.tokens = Math.min(capacity, level.tokens + whole * amount);
  level.at = type === 'interval' ? level.at + whole * periodMs : now;
}

function waitFor(limit: RateLimit, level: Level | undefined, tokens: number, now: number): number {
  const lacking = tokens - (level?.tokens ?? 0);
  if (!level || lacking <= 0) return 0;
  const periods = lacking / limit.amount;
  if (limit.type === 'greedy') return Math.ceil(periods * limit.periodMs);
  return Math.ceil(periods) * limit.periodMs - (now - level.at);
}
