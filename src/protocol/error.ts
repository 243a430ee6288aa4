import type { JsonValue } from './json.ts';

/** The kinds of failure that an Instant server names. */
export type ServerErrorType =
  | 'record-not-found'
  | 'record-expired'
  | 'record-not-unique'
  | 'record-foreign-key-invalid'
  | 'record-check-violation'
  | 'sql-raise'
  | 'permission-denied'
  | 'permission-evaluation-failed'
  | 'app-read-only'
  | 'app-disabled'
  | 'rate-limited'
  | 'param-missing'
  | 'param-malformed'
  | 'validation-failed'
  | 'session-missing'
  | 'member-missing'
  | 'operation-timed-out'
  | 'parameter-limit-exceeded';

/** One of the problems inside a `validation-failed` error. */
export interface ValidationIssue {
  message?: string;
  /** The server's check that failed: its name, or its parts. */
  expected?: JsonValue;
  in?: (string | number)[];
  hint?: unknown;
}

const STATUS_500: ReadonlySet<ServerErrorType> = new Set(['operation-timed-out', 'parameter-limit-exceeded']);

/**
 * A failure as an Instant server reports it to its clients: over a session as an `error` message, over HTTP as the
 * body of the answer.
 */
export class ServerError extends Error {
  readonly type: ServerErrorType;
  readonly hint: unknown;

  constructor(type: ServerErrorType, message: string, hint: unknown = null) {
    super(message);
    this.name = 'ServerError';
    this.type = type;
    this.hint = hint;
  }

  /** The status that a session's `error` message carries. */
  get status(): 400 | 500 {
    return STATUS_500.has(this.type) ? 500 : 400;
  }
}

/**
 * A `validation-failed` error. Its message is `Validation failed for <dataType>`, followed by a colon and the messages
 * of the issues, if they have any.
 */
export function validationFailed(dataType: string, input: unknown, errors: ValidationIssue[]): ServerError {
  const details = errors.flatMap((issue) => (issue.message ? [issue.message] : []));
  const message = `Validation failed for ${dataType}${details.length ? `: ${details.join(', ')}` : ''}`;
  return new ServerError('validation-failed', message, { 'data-type': dataType, input, errors });
}

/** A `record-not-found` error; `args` say what was looked for. */
export function recordNotFound(recordType: string, args: Record<string, unknown>): ServerError {
  return new ServerError('record-not-found', `Record not found: ${recordType}`, {
    args: [args],
    'record-type': recordType,
  });
}

/** A `record-expired` error; `args` say what was looked for. */
export function recordExpired(recordType: string, args: Record<string, unknown>): ServerError {
  return new ServerError('record-expired', `Record expired: ${recordType}`, {
    args: [args],
    'record-type': recordType,
  });
}

/** A `record-not-unique` error with the server's hint. */
export function recordNotUnique(
  recordType: string,
  message: string,
  hint: Record<string, unknown>,
): ServerError {
  return new ServerError('record-not-unique', message, { 'record-type': recordType, ...hint });
}
