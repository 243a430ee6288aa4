/**
 * What went wrong, as a closed set: switch over it.
 *
 * - `invalid-config`: an option of `init` or `startBackend` cannot be used; nothing was opened.
 * - `unsupported-runtime`: none of Node, Bun and Deno was found, or a feature was asked for that this runtime lacks.
 * - `missing-dependency`: an optional package that the chosen driver needs is not installed.
 * - `closed`: the database, or the local backend, was closed, and the call needs it open.
 * - `connection-failed`: the server refused the session, or could not be reached in the time given.
 * - `timeout`: a query was not answered in the time given.
 * - `protocol`: the other side sent something that is not Instant's protocol; the connection goes on or is renewed.
 * - `query-failed`: a query could not be evaluated over what the server sent for it. Other queries go on, and this one
 *   is evaluated again with the next change.
 * - `storage`: a storage could not be opened, read or written, or holds something that cannot be used.
 * - `storage-locked`: another process has the storage open for the same app, or has taken it over.
 * - `not-pending`: `retryTransaction` was given the id of a write that is not pending.
 * - `discarded`: a write was given up by `discardTransaction`.
 * - `queue-full`: as many writes wait for the server as `connection.maxPendingWrites` allows, or as many bytes of them
 *   as `connection.maxPendingBytes` does; this one was not made.
 * - `message-too-large`: a write is longer than `connection.maxMessageBytes` allows, or as long as one for which the
 *   server has ended the connection (close code 1009); it was not made, or taken back unsent.
 * - `backend`: the local backend could not start or serve.
 */
export type InstantNodeErrorCode =
  | 'invalid-config'
  | 'unsupported-runtime'
  | 'missing-dependency'
  | 'closed'
  | 'connection-failed'
  | 'timeout'
  | 'protocol'
  | 'query-failed'
  | 'storage'
  | 'storage-locked'
  | 'not-pending'
  | 'discarded'
  | 'queue-full'
  | 'message-too-large'
  | 'backend';

// Not `instanceof`: the ES module and the CommonJS copy of this package each have their own class.
const brand: symbol = Symbol.for('instant-node-error');

/**
 * What became of a write that failed with an error of this package rather than with the server's answer:
 *
 * - `not-applied`: the server does not have it, and nothing will send it. It is safe to make it again.
 * - `unknown`: it was sent, or another process may have found it in the storage, so the server may have it.
 */
export type WriteOutcome = 'not-applied' | 'unknown';

/** Details of an {@link InstantNodeError}. */
export interface InstantNodeErrorOptions {
  /** What would help, as a sentence. */
  hint?: string;
  /** What the runtime, a library or the server said, unchanged. */
  cause?: unknown;
  /** What became of the write that failed. */
  outcome?: WriteOutcome;
}

/**
 * Every failure that this package itself reports. Failures that core reports (a refused transaction, a malformed
 * query) stay core's own classes: `InstantError`, `InstantAPIError`, `QueryValidationError` and so on.
 *
 * The message never holds a token, a key or a stored value.
 */
export class InstantNodeError extends Error {
  /** The kind of failure, from a closed set. */
  readonly code: InstantNodeErrorCode;
  /** What would help, where that is known. */
  readonly hint: string | undefined;
  /** What became of the write whose promise rejects with this; absent when the error is not about a write. */
  declare readonly outcome?: WriteOutcome;

  constructor(code: InstantNodeErrorCode, message: string, options: InstantNodeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InstantNodeError';
    this.code = code;
    this.hint = options.hint;
    if (options.outcome) this.outcome = options.outcome;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** A copy of the error that carries the outcome of its write. */
export function withOutcome(error: InstantNodeError, outcome: WriteOutcome): InstantNodeError {
  const { code, message, hint, cause } = error;
  const same = new InstantNodeError(code, message, { ...(hint !== undefined && { hint }), cause, outcome });
  // Whatever else was set on the error is carried over, so that a refusal by the server is still recognized as one.
  for (const key of Reflect.ownKeys(error)) {
    if (!Object.hasOwn(same, key)) Object.defineProperty(same, key, propertyOf(error, key));
  }
  return same;
}

function propertyOf(value: object, key: PropertyKey): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(value, key) ?? {};
}

/** Whether `error` is an {@link InstantNodeError}, and of kind `code` when one is given. */
export function isInstantNodeError<const Code extends InstantNodeErrorCode>(
  error: unknown,
  code: Code,
): error is InstantNodeError & { readonly code: Code };
/** Whether `error` is an {@link InstantNodeError}, and of kind `code` when one is given. */
export function isInstantNodeError(error: unknown, code?: InstantNodeErrorCode): error is InstantNodeError;
export function isInstantNodeError(error: unknown, code?: InstantNodeErrorCode): boolean {
  return (
    error instanceof Error &&
    brand in error &&
    (code === undefined || ('code' in error && error.code === code))
  );
}

/** Whether `error` means a bug in a program, this package's or another: trying again would not help. */
export function isFault(error: unknown): boolean {
  const isNative = [RangeError, TypeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  // A failed system call is not a bug, whatever class the runtime gives its error.
  return isNative && !/^E(?!RR_)/.test(String((error as { code?: unknown }).code));
}
