import type { Environment } from '@marcbachmann/cel-js';
import { parseInstantDate } from '../../store/instant-date.ts';
import { RuleFailure } from './failures.ts';
import { abortRule, charge } from './meter.ts';
import { linearPattern } from './pattern.ts';
import { EntityMap } from './values.ts';

/** A bucket of `$rateLimits`, as `rateLimit.<name>`. */
export class RateLimitBucket {
  readonly #consume: (key: unknown, tokens: bigint) => void;

  /** `consume` takes tokens for a key, or throws. */
  constructor(consume: (key: unknown, tokens: bigint) => void) {
    this.#consume = consume;
  }

  limit(key: unknown, tokens: bigint): boolean {
    this.#consume(key, tokens);
    return true;
  }
}

/** `request` in a rule. */
export class RequestInfo {
  readonly modifiedFields: readonly string[];
  readonly time: Date;
  /** Empty if unknown, as on the server: these two are strings, never null. */
  readonly ip: string;
  readonly origin: string;

  constructor(info: {
    modifiedFields: readonly string[];
    time: Date;
    ip: string | null;
    origin: string | null;
  }) {
    this.modifiedFields = info.modifiedFields;
    this.time = info.time;
    this.ip = info.ip ?? '';
    this.origin = info.origin ?? '';
  }
}

const NO_LINKS =
  '`ref` is for `data`, `linkedData` and `auth` alone. In place of `newData.ref`, use `data.ref`: in `create` and `link` it sees the links of the new entity, in `update` those before the write';

/** The types and functions that Instant adds to CEL. */
export function addInstantFunctions(environment: Environment): void {
  environment.registerType('request', {
    ctor: RequestInfo,
    fields: {
      modifiedFields: 'list<string>',
      time: 'google.protobuf.Timestamp',
      ip: 'string',
      origin: 'string',
    },
  });
  environment.registerType('RateLimitBucket', RateLimitBucket);
  const add = (signature: string, handler: (...args: never[]) => unknown): void => {
    environment.registerFunction(signature, handler, { async: false });
  };
  add('map.ref(string): list<dyn>', ref);
  add('RateLimitBucket.limit(dyn): bool', (bucket: RateLimitBucket, key: unknown) =>
    consume(() => bucket.limit(key, 1n)),
  );
  add('RateLimitBucket.limit(dyn, int): bool', (bucket: RateLimitBucket, key: unknown, tokens: bigint) =>
    consume(() => bucket.limit(key, tokens)),
  );
  add('instantTimestamp(string): google.protobuf.Timestamp', timestamp);
  add('instantTimestamp(int): google.protobuf.Timestamp', timestamp);
  add('instantTimestamp(google.protobuf.Timestamp): google.protobuf.Timestamp', (time: Date) => time);
  add('google.protobuf.Timestamp.getTime(): int', (time: Date) => BigInt(time.getTime()));
  add('int(google.protobuf.Timestamp): int', (time: Date) => BigInt(Math.floor(time.getTime() / 1_000)));
  add('string.linearMatches(string): bool', matches);
  add('linearMatches(string, string): bool', matches);
}

function ref(entity: unknown, path: string): unknown {
  if (entity instanceof EntityMap) return decisive(() => entity.ref(path));
  throw new RuleFailure("No matching overload for function 'ref'. Overload candidates: _ref", {
    code: 'no_matching_overload',
    hint: NO_LINKS,
  });
}

function consume(take: () => boolean): boolean {
  return decisive(take);
}

/** An error in here ends the evaluation, even if the other side of an `||` is true. */
function decisive<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    abortRule(error instanceof Error ? error : new Error(String(error)));
  }
}

function timestamp(value: string | bigint): Date {
  const ms = parseInstantDate(typeof value === 'bigint' ? Number(value) : value);
  if (ms === undefined) throw new TypeError(`Unable to parse date string ${value}`);
  return new Date(ms);
}

function matches(text: string, pattern: string): boolean {
  const search = linearPattern(pattern);
  charge((text.length * search.size) >> 4);
  return search.test(text);
}
