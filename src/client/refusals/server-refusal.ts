import { InstantAPIError, InstantError } from '@instantdb/core';

/** The server's kinds of error that core knows; a server may have others. */
export type ServerRefusalType =
  | NonNullable<NonNullable<InstantAPIError['body']>['type']>
  | (string & Record<never, never>);

/** Why the server refused, where that is one of the reasons that programs answer to. */
export type ServerRefusalCode = 'unique' | 'existing' | 'missing' | 'permission';

/** The reasons that a kind of error of the server's may be for. */
type CodeOf<Type> = Type extends 'record-not-unique'
  ? 'unique'
  : Type extends 'permission-denied'
    ? 'permission'
    : ServerRefusalCode | undefined;

/**
 * What the server refused: a query, a write, a sign-in, a file, a stream, a room, the session itself. It has what core
 * gives, and what else the server said.
 *
 * What rejects is core's `InstantAPIError`, which is an `InstantError`, but where it refuses the session: that is an
 * `InstantNodeError`. What callbacks are given as the `error` of a live query or a write is a plain object, as core's is.
 */
export interface ServerRefusal<Type extends ServerRefusalType | undefined = ServerRefusalType | undefined> {
  /** What the server said, for people. */
  readonly message: string;
  /**
   * The server's kind of error: `permission-denied`, `record-not-unique`, `record-not-found`, `validation-failed` and so
   * on. A failure of the server's own has none.
   */
  readonly type: Type;
  /**
   * `unique`: a unique attribute has that value already. `existing`: what was to be created is there. `missing`: what was
   * to be updated, looked up or used is not there. `permission`: a rule denies it. The server's type is `validation-failed`
   * for two of them, and more. `connection-failed`: it refuses the session. Undefined for all else.
   */
  readonly code: CodeOf<Type> | 'connection-failed';
  /** The status that HTTP would have for it, such as 400; 0 where the server gave none. */
  readonly status: number;
  /** The server's details. */
  readonly hint?: unknown;
  /** By which the server's operators find the request. */
  readonly traceId?: string;
}

/** What core hands on of a refusal, and what it does not. */
export interface Refusal {
  message?: string;
  hint?: unknown;
  traceId?: string;
  type?: string;
  status?: number;
}

// Not `instanceof`: the ES module and the CommonJS copy of this package may have a core each.
const brand: symbol = Symbol.for('instant-server-refusal');

/**
 * Whether `error` is what the server refused, and for the reason `type` when one is given.
 *
 * @example
 * if (isServerRefusal(error, 'record-not-unique')) …
 */
export function isServerRefusal<const Type extends ServerRefusalType>(
  error: unknown,
  type: Type,
): error is ServerRefusal<Type>;
/** Whether `error` is what the server refused, and for the reason `type` when one is given. */
export function isServerRefusal(error: unknown, type?: ServerRefusalType): error is ServerRefusal;
export function isServerRefusal(error: unknown, type?: ServerRefusalType): boolean {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return type === undefined || ('type' in error && error.type === type);
}

/** To reject with. */
export function refusalError({ status = 0, ...body }: Refusal): InstantAPIError & ServerRefusal {
  const error = new InstantAPIError({ status, body: body as InstantAPIError['body'] });
  return branded(Object.assign(error, { type: body.type, code: refusalCode(body) }));
}

/** What a call of the HTTP API failed with: where the server refused it, with its kind of error where others have it. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof InstantAPIError) || isServerRefusal(error)) return error;
  const { type, message }: Refusal = Object(error.body);
  return branded(Object.assign(error, { type, code: refusalCode({ type, message }) }));
}

/** `error`, which is ours, known as a refusal of what the server `said`. */
export function refusedBy<Told extends object>(error: Told, { type, status = 0 }: Refusal): Told {
  return branded(Object.assign(error, { type, status }));
}

/** `told`, known as the same refusal that `error` is, if it is one. */
export function refusedAs<Told extends object>(told: Told, error: unknown): Told {
  return isServerRefusal(error) ? refusedBy(told, error as Refusal) : told;
}

/** The `error` of a live query, with what core does not say of it; as it is, when it is not the server's. */
export function queryError<Said extends Refusal>(said: Said, unsaid: Refusal | undefined): Said {
  if (!unsaid) return said;
  const { type, status = 0 } = unsaid;
  return branded({ ...said, type, status, code: refusalCode({ ...said, type }) });
}

/** The `error` of a live query, to be thrown. */
export function thrown(error: Refusal): InstantError {
  if (isServerRefusal(error)) return refusalError(error);
  return new InstantError(error.message ?? 'The query failed', error.hint, error.traceId);
}

/** Which of the reasons a server names in its own words: a type of its own have not all of them. */
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
