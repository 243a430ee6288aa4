import { InstantAPIError, InstantError } from '@instantdb/core';

/** The server's error types that core knows; a server may have others. */
export type ServerRefusalType =
  | NonNullable<NonNullable<InstantAPIError['body']>['type']>
  | (string & Record<never, never>);

/** Why the server refused, if for one of the reasons that programs respond to. */
export type ServerRefusalCode = 'unique' | 'existing' | 'missing' | 'permission';

/** The codes that an error type of the server may have. */
type CodeOf<Type> = Type extends 'record-not-unique'
  ? 'unique'
  : Type extends 'permission-denied'
    ? 'permission'
    : ServerRefusalCode | undefined;

/**
 * A refusal by the server: of a query, a write, a sign-in, a file, a stream, a room, or the session itself. It has what
 * core gives, and what else the server said.
 *
 * Promises reject with core's `InstantAPIError`, which is an `InstantError`, except when the server refuses the
 * session: then with an `InstantNodeError`. The `error` that callbacks get for a live query or a write is a plain
 * object, as in core.
 */
export interface ServerRefusal<Type extends ServerRefusalType | undefined = ServerRefusalType | undefined> {
  /** What the server said, for people to read. */
  readonly message: string;
  /**
   * The server's error type: `permission-denied`, `record-not-unique`, `record-not-found`, `validation-failed` and so
   * on. A failure of the server itself has none.
   */
  readonly type: Type;
  /**
   * `unique`: a unique attribute already has that value. `existing`: what should be created already exists. `missing`:
   * what should be updated, looked up or used does not exist. `permission`: a rule denies it. `connection-failed`: the
   * server refuses the session. Undefined for anything else. `existing` and `missing` can both have the type
   * `validation-failed`, and so can other refusals.
   */
  readonly code: CodeOf<Type> | 'connection-failed';
  /** The HTTP status for it, such as 400; 0 when the server gave none. */
  readonly status: number;
  /** The server's details. */
  readonly hint?: unknown;
  /** The id by which the server's operators find the request. */
  readonly traceId?: string;
}

/** A refusal: what core passes on, and what it does not. */
export interface Refusal {
  message?: string;
  hint?: unknown;
  traceId?: string;
  type?: string;
  status?: number;
}

// Not `instanceof`: the ES module and the CommonJS copy of this package may each have a core of their own.
const brand: symbol = Symbol.for('instant-server-refusal');

/**
 * Whether `error` is a refusal by the server, and of type `type` when one is given.
 *
 * @example
 * if (isServerRefusal(error, 'record-not-unique')) …
 */
export function isServerRefusal<const Type extends ServerRefusalType>(
  error: unknown,
  type: Type,
): error is ServerRefusal<Type>;
/** Whether `error` is a refusal by the server, and of type `type` when one is given. */
export function isServerRefusal(error: unknown, type?: ServerRefusalType): error is ServerRefusal;
export function isServerRefusal(error: unknown, type?: ServerRefusalType): boolean {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return type === undefined || ('type' in error && error.type === type);
}

/** A refusal as an error, to reject with. */
export function refusalError({ status = 0, ...body }: Refusal): InstantAPIError & ServerRefusal {
  const error = new InstantAPIError({ status, body: body as InstantAPIError['body'] });
  return branded(Object.assign(error, { type: body.type, code: refusalCode(body) }));
}

/** The error of a failed HTTP API call; if it is a refusal, with its type where other refusals have it. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof InstantAPIError) || isServerRefusal(error)) return error;
  const { type, message }: Refusal = Object(error.body);
  return branded(Object.assign(error, { type, code: refusalCode({ type, message }) }));
}

/** Marks `error`, which is ours, as a refusal by the server. */
export function refusedBy<Told extends object>(error: Told, { type, status = 0 }: Refusal): Told {
  return branded(Object.assign(error, { type, status }));
}

/** Marks `told` as the refusal that `error` is, if it is one. */
export function refusedAs<Told extends object>(told: Told, error: unknown): Told {
  return isServerRefusal(error) ? refusedBy(told, error as Refusal) : told;
}

/** The `error` of a live query, completed with what core leaves out; unchanged when it is not the server's. */
export function queryError<Said extends Refusal>(said: Said, unsaid: Refusal | undefined): Said {
  if (!unsaid) return said;
  const { type, status = 0 } = unsaid;
  return branded({ ...said, type, status, code: refusalCode({ ...said, type }) });
}

/** The `error` of a live query, as an error to throw. */
export function thrown(error: Refusal): InstantError {
  if (isServerRefusal(error)) return refusalError(error);
  return new InstantError(error.message ?? 'The query failed', error.hint, error.traceId);
}

/** The code of a refusal. It takes the server's message to tell: not every reason has a type of its own. */
export function refusalCode({
  type,
  message = '',
}: Pick<Refusal, 'type' | 'message'>): ServerRefusalCode | undefined {
  switch (type) {
    case 'record-not-unique':
      return 'unique';
    case 'permission-denied':
      return 'permission';
    case 'record-not-found':
      return 'missing';
    case 'validation-failed':
      if (/: Creating entities that exist\b/.test(message)) return 'existing';
      if (/: Updating entities that don't exist\b|The entity for the lookup does not exist/.test(message))
        return 'missing';
  }
  return undefined;
}

function branded<Value extends object>(value: Value): Value {
  return Object.defineProperty(value, brand, { value: true });
}
