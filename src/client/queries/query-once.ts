import type { InstaQLOptions } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import type { Timers } from '../timing/timers.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
/** The longest that a timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The options of `queryOnce`: core's, a time limit and a signal. */
export interface QueryOnceOptions extends Partial<InstaQLOptions> {
  /**
   * Milliseconds without an answer after which it rejects with code `timeout`. Default 30,000; up to 2,147,483,647, or
   * `Infinity` for no limit.
   */
  timeoutMs?: number;
  /** Aborts the query, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** {@link QueryOnceOptions}, checked. */
export interface ParsedQueryOnceOptions {
  readonly ruleParams: InstaQLOptions['ruleParams'] | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {InstantNodeError} `invalid-config`, naming what cannot be used. */
export function parseQueryOnceOptions(options: unknown): ParsedQueryOnceOptions {
  if (options === undefined || options === null) return parseQueryOnceOptions({});
  if (!isObject(options)) throw refused('its options are', options, 'an object');
  const { ruleParams, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  if (!isTimeout(timeoutMs)) {
    throw refused('timeoutMs is', timeoutMs, `a number from 1 to ${MAX_TIMEOUT_MS}, or Infinity`);
  }
  assertSignal('queryOnce', signal);
  return { ruleParams: ruleParams as InstaQLOptions['ruleParams'] | undefined, timeoutMs, signal };
}

/** @throws {InstantNodeError} `invalid-config`, naming the method that it was passed to. */
export function assertSignal(method: string, signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !isSignal(signal)) throw refused('signal is', signal, 'an AbortSignal', method);
}

/** Calls `expired` or `aborted` when a query takes too long or is aborted, until `answer` has settled. */
export function limited(
  answer: Promise<unknown>,
  { timeoutMs, signal }: Pick<ParsedQueryOnceOptions, 'timeoutMs' | 'signal'>,
  timers: Timers,
  { expired, aborted }: { expired(): void; aborted(reason: unknown): void },
): void {
  const onAbort = (): void => aborted(signal?.reason);
  const timer = Number.isFinite(timeoutMs) ? timers.after(timeoutMs, expired) : undefined;
  signal?.addEventListener('abort', onAbort, { once: true });
  const release = (): void => {
    timer?.cancel();
    signal?.removeEventListener('abort', onAbort);
  };
  answer.then(release, release);
}

/**
 * What a query asks for, without its conditions, whose values may be secrets: `{ goals: { author }, todos }`.
 */
export function shapeOf(query: unknown, depth = MAX_DEPTH): string {
  const names = Object.keys(Object(query)).filter((name) => name !== '$' && name !== '$$ruleParams');
  const parts = names.slice(0, MAX_NAMES).map((name) => {
    const below = depth > 1 ? shapeOf((query as Record<string, unknown>)[name], depth - 1) : '{}';
    const shown = name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
    return below === '{}' ? shown : `${shown}: ${below}`;
  });
  if (names.length > MAX_NAMES) parts.push('…');
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

const MAX_DEPTH = 3;
const MAX_NAMES = 5;
const MAX_NAME_LENGTH = 40;

/** The error of a query that was not answered in time. */
export function queryTimedOut(
  query: unknown,
  timeoutMs: number,
  status: string,
  lastError: Error | undefined,
): InstantNodeError {
  const after = lastError ? `; before that: ${lastError.message}` : '';
  return new InstantNodeError(
    'timeout',
    `Query timed out: no answer to ${shapeOf(query)} within ${timeoutMs} ms, and the connection is "${status}"${after}`,
    {
      hint:
        status === 'authenticated'
          ? 'The server has the query: ask for less, or give queryOnce() a larger timeoutMs'
          : 'There is no session with the server: see whether it can be reached',
      ...(lastError && { cause: lastError }),
    },
  );
}

function isTimeout(value: unknown): value is number {
  return (
    typeof value === 'number' && value >= 1 && (value <= MAX_TIMEOUT_MS || value === Number.POSITIVE_INFINITY)
  );
}

// By its shape: a signal may come from another realm or a polyfill.
function isSignal(value: unknown): value is AbortSignal {
  return (
    isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function'
  );
}

function refused(what: string, value: unknown, expected: string, method = 'queryOnce'): InstantNodeError {
  const shown =
    typeof value === 'number' ? String(value) : value === null ? 'null' : `of type ${typeof value}`;
  return new InstantNodeError(
    'invalid-config',
    `Cannot call ${method}(): ${what} ${shown}, expected ${expected}`,
  );
}
