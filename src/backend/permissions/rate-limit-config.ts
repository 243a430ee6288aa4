import { isObject } from '../../protocol/json.ts';

/** One limit of a bucket. */
export interface RateLimit {
  /** How many tokens the bucket holds, and begins with. */
  readonly capacity: number;
  /** How many come back in each period. */
  readonly amount: number;
  readonly periodMs: number;
  /** Whether they come back one by one or all at the end of the period. */
  readonly type: 'greedy' | 'interval';
}

/** Why a configuration under `$rateLimits` cannot be used. */
export class RateLimitConfigError extends Error {
  override readonly name = 'RateLimitConfigError';
}

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

const UNITS: readonly (readonly [unit: RegExp, ms: number])[] = [
  [/^(?:milliseconds?|msecs?|ms)$/, 1],
  [/^(?:seconds?|secs?|s)$/, SECOND],
  [/^(?:minutes?|mins?|m)$/, 60 * SECOND],
  [/^(?:hours?|hrs?|h)$/, 60 * 60 * SECOND],
  [/^(?:days?|d)$/, DAY],
  [/^(?:weeks?|w)$/, 7 * DAY],
  [/^(?:months?|mons?)$/, 30 * DAY],
  [/^(?:years?|yrs?|y)$/, 365 * DAY],
];

/**
 * Reads what stands under a name of `$rateLimits`.
 *
 * @throws {RateLimitConfigError} that says what is wrong.
 */
export function parseRateLimit(config: unknown): readonly RateLimit[] {
  const limits = isObject(config) ? config.limits : undefined;
  if (limits === undefined || limits === null) throw missing('limits');
  if (!Array.isArray(limits) || limits.length === 0) {
    throw new RateLimitConfigError(
      'Validation failed for rules: The rate limit config must have at least one limit in the `limits` array.',
    );
  }
  return limits.map(parseLimit);
}

function parseLimit(limit: unknown): RateLimit {
  const { capacity, refill } = isObject(limit) ? limit : {};
  const amountOf = count(capacity, 'capacity');
  const given = isObject(refill) ? refill : {};
  const { amount = amountOf, period = '1 hour', type = 'greedy' } = given;
  if (type !== 'greedy' && type !== 'interval') throw malformed('refill', 'type');
  return {
    capacity: amountOf,
    amount: count(amount, 'refill', 'amount'),
    periodMs: parsePeriod(period),
    type,
  };
}

function count(value: unknown, ...path: string[]): number {
  if (value === undefined || value === null) throw missing(...path);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw malformed(...path);
}

function parsePeriod(period: unknown): number {
  const ms = typeof period === 'string' ? parseInterval(period) : undefined;
  if (ms === undefined) throw malformed('refill', 'period');
  if (ms < SECOND) {
    throw new RateLimitConfigError(
      'Validation failed for rules: The refill period must be longer than a second.',
    );
  }
  if (ms > DAY) {
    throw new RateLimitConfigError(
      "Validation failed for rules: The refill period can't be longer than a day.",
    );
  }
  return ms;
}

/** Reads an interval as Postgres writes it: `1 hour 30 minutes`, `01:30:00`. */
function parseInterval(text: string): number | undefined {
  let ms = 0;
  let rest = text.trim().toLowerCase();
  if (rest === '') return undefined;
  while (rest !== '') {
    const clock = /^(\d{1,6}):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?\s*/.exec(rest);
    const part = /^(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)\s*/.exec(rest);
    const unit = part && UNITS.find(([name]) => name.test(part[2] ?? ''));
    if (clock) {
      ms += (Number(clock[1]) * 3_600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) * SECOND;
    } else if (part && unit) {
      ms += Number(part[1]) * unit[1];
    } else {
      return undefined;
    }
    rest = rest.slice((clock ?? part)?.[0].length ?? rest.length);
  }
  return ms;
}

function missing(...path: string[]): RateLimitConfigError {
  return new RateLimitConfigError(`Missing parameter: ${JSON.stringify(path)}`);
}

function malformed(...path: string[]): RateLimitConfigError {
  return new RateLimitConfigError(`Malformed parameter: ${JSON.stringify(path)}`);
}
