import type { Logger } from '@instantdb/core';

const SECRETS: ReadonlySet<string> = new Set([
  'refresh-token',
  'refresh_token',
  'refreshToken',
  '__admin-token',
  '__adminToken',
  'adminToken',
  'authorization',
  'sse_token',
  'sse-token',
]);

/** Deeper than anything a message of the protocol holds a secret in. */
const MAX_DEPTH = 6;

/** A logger like `logger` that never gets to see a token: core logs the messages it sends as they are. */
export function redacting(logger: Logger): Logger {
  return {
    info: (...args) => logger.info(...args.map((arg) => redact(arg, 0))),
    debug: (...args) => logger.debug(...args.map((arg) => redact(arg, 0))),
    error: (...args) => logger.error(...args.map((arg) => redact(arg, 0))),
  };
}

function redact(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH || !isPlain(value)) return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRETS.has(key) && item ? '[redacted]' : redact(item, depth + 1),
    ]),
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
