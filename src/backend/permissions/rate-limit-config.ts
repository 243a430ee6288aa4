import { isObject } from '../../protocol/json.ts';

/** One limit of a bucket. */
export interface RateLimit {
  /** How many tokens the bucket holds; it starts full. */
  readonly capacity: number;
  /** How many tokens are refilled in each period. */
  readonly amount: number;
  readonly periodMs: number;
  /** Whether tokens are refilled continuously, or all at the end of the period. */
  readonly type: 'greedy' | 'interval';
}

/** The reason why an entry of `$rateLimits` is invalid. */
export class RateLimitConfigError extends Error {
  override readonly name = 'RateLimitConfigError';
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The units of an interval. A word matches a unit that it starts with. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['year', 365 * DAY],
  ['mon', 30 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['min', MINUTE],
  ['sec', SECOND],
];

/**
 * Parses an entry of `$rateLimits`.
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
  const given = refill ?? {};
  if (!isObject(given)) throw new RateLimitConfigError('Unexpected error parsing $rateLimits config');
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
  // The comparison is in whole hours.
  if (ms >= DAY + HOUR) {
    throw new RateLimitConfigError(
      "Validation failed for rules: The refill period can't be longer than a day.",
    );
  }
  return ms;
}

/** Parses an interval in whole seconds, like the server's Postgres driver: `1 hour 30 minutes`, `01:30:00`, `PT90M`. */
function parseInterval(text: string): number | undefined {
  if (text.startsWith('P')) return parseIsoInterval(text);
  const words = text.replace(/[+@]/g, ' ').trim().split(/\s+/).filter(Boolean);
  let ms = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const part = word.includes(':') ? parseClock(word) : parseAmount(word, words[++at]);
    if (part === undefined) return undefined;
    ms += part;
  }
  return text.startsWith('@') && text.endsWith('ago') ? -ms : ms;
}

function parseClock(word: string): number | undefined {
  const [, sign, hours, minutes, seconds = 0] = /^(-?)(\d+):(\d{2})(?::(\d+(?:\.\d*)?))?$/.exec(word) ?? [];
  if (hours === undefined) return undefined;
  const ms = Number(hours) * HOUR + Number(minutes) * MINUTE + Math.trunc(Number(seconds)) * SECOND;
  return sign === '-' ? -ms : ms;
}

/** A number followed by an unknown unit counts as 0. */
function parseAmount(number: string, word = ''): number | undefined {
  const unit = UNITS.find(([name]) => word.startsWith(name));
  if (!unit) return 0;
  const pattern = unit[1] === SECOND ? /^-?\d+(?:\.\d*)?$/ : /^-?\d+$/;
  return pattern.test(number) ? Math.trunc(Number(number)) * unit[1] : undefined;
}

function parseIsoInterval(text: string): number | undefined {
  const parts =
    /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?$/.exec(
      text,
    );
  return parts
    ?.slice(1)
    .reduce((ms, part, i) => ms + Math.trunc(Number(part ?? 0)) * (UNITS[i]?.[1] ?? 0), 0);
}

function missing(...path: string[]): RateLimitConfigError {
  return new RateLimitConfigError(`Missing parameter: ${JSON.stringify(path)}`);
}

function malformed(...path: string[]): RateLimitConfigError {
  return new RateLimitConfigError(`Malformed parameter: ${JSON.stringify(path)}`);
}
