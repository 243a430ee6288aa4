/** Which database a message is about. Every message names it. */
export interface DiagnosticsPlace {
  /** The id of the app. */
  readonly appId: string;
  /** The option `instanceKey` of `init`; `''` unless one was given. */
  readonly instanceKey: string;
  /** The host and, unless it is the scheme's own, the port of the session's address. */
  readonly host: string;
}

/** A failure, without its message: that may have values in it. */
export interface DiagnosticsError {
  /** The name of the error's class. */
  readonly name: string;
  /**
   * What to tell failures apart by: the code of an `InstantNodeError`, or the server's error type, or the name. `_OTHER`
   * for what none of these can be read of. Made for `error.type` of OpenTelemetry.
   */
  readonly code: string;
  /** The code of its `cause`, where that has one: `ECONNREFUSED`, `ENOSPC`. */
  readonly cause?: string;
  /** The HTTP status that the server gave for it. */
  readonly status?: number;
}

/** What a message about a query says of it: names, never a condition's value. */
export interface DiagnosticsQuery {
  /** Core's hash of the whole query, conditions included: the same for queries that are the same. Known once it is valid. */
  hash?: string;
  /** The names of what it asks for, without conditions: `{ goals: { author } }`. Cut short where it is deep or long. */
  readonly shape: string;
  /** The namespaces that it asks for. */
  readonly namespaces: readonly string[];
}

/** The states of a connection. */
export type DiagnosticsConnectionState =
  | 'idle'
  | 'connecting'
  | 'authenticating'
  | 'open'
  | 'waiting'
  | 'refused'
  | 'closed';

/** By what a session goes. */
export type DiagnosticsTransport = 'websocket' | 'sse';

/** The connection of a database got into another state. On `instant:connection`. */
export interface ConnectionStateDiagnostics extends DiagnosticsPlace {
  /** What happened. */
  readonly event: 'state';
  /** The state before. */
  readonly from: DiagnosticsConnectionState;
  /** The state from now on. */
  readonly to: DiagnosticsConnectionState;
  /** By what it goes, where that is known. */
  readonly transport?: DiagnosticsTransport;
  /** How many tries there were since the last session; 0 while there is one, and before the first. */
  readonly attempt: number;
  /** Why, when something failed. */
  readonly cause?: DiagnosticsError;
  /** The code with which the connection was closed, such as 1006. */
  readonly closeCode?: number;
  /** What was said with that code. Tokens of the database are left out of it. */
  readonly closeReason?: string;
  /** In `waiting`: how long until the next attempt, in milliseconds. */
  readonly delayMs?: number;
}

/** The server answered a probe. On `instant:connection`. */
export interface ConnectionProbeDiagnostics extends DiagnosticsPlace {
  /** What happened. */
  readonly event: 'probe';
  /** How long that took, in milliseconds. */
  readonly roundTripMs: number;
}

/** What is told on `instant:connection`. */
export type ConnectionDiagnostics = ConnectionStateDiagnostics | ConnectionProbeDiagnostics;

/** Subscribers of a live query got an answer that differs from the last one. On `instant:query`. */
export interface QueryAnswerDiagnostics extends DiagnosticsPlace, DiagnosticsQuery {
  /** What happened. */
  readonly event: 'answer';
  /** How many entities it has, without those nested in others. */
  readonly entities: number;
  /** How many callbacks get it. */
  readonly subscribers: number;
}

/** A live query has no answer: the server refuses it, or it cannot be evaluated. On `instant:query`. */
export interface QueryFailureDiagnostics extends DiagnosticsPlace, DiagnosticsQuery {
  /** What happened. */
  readonly event: 'failed';
  /** Why. */
  readonly error: DiagnosticsError;
  /** How many callbacks get that. */
  readonly subscribers: number;
}

/** What is told on `instant:query`. */
export type QueryDiagnostics = QueryAnswerDiagnostics | QueryFailureDiagnostics;

/** What is told on `instant:transaction`: what became of a write between `transact` and the server's answer. */
export interface TransactionDiagnostics extends DiagnosticsPlace {
  /**
   * What happened:
   *
   * - `sent`: it went over the connection. Again after a connection was lost.
   * - `confirmed`: the server has committed it.
   * - `refused`: the server refuses it for good, and its local change is taken back.
   * - `stuck`: the server refuses it for a reason that may pass, after its promise had resolved; it is kept.
   * - `taken-back`: it will not be sent, and its local change is taken back: it was discarded, or could not be kept.
   */
  readonly event: 'sent' | 'confirmed' | 'refused' | 'stuck' | 'taken-back';
  /** The id by which both sides know it. */
  readonly eventId: string;
  /** How many steps it has. */
  readonly steps: number;
  /** How long ago `transact` was called, in milliseconds of the clock on the wall: an earlier process may have. */
  readonly ageMs: number;
  /** The server's number of the transaction, once it is confirmed. */
  readonly txId?: number;
  /** Why it is refused, stuck or taken back. */
  readonly error?: DiagnosticsError;
}

/** What is told on `instant:storage`. */
export interface StorageDiagnostics extends DiagnosticsPlace {
  /**
   * What happened:
   *
   * - `opened`: it can be read and written.
   * - `loaded`: the writes of earlier processes are in memory.
   * - `emptied`: its content is gone, or older than it was; what memory has is stored again.
   * - `trouble`: something failed that the database goes on from; it is told to `subscribeErrors` too.
   * - `lost`: it cannot be used, or no longer, and the database ends.
   */
  readonly event: 'opened' | 'loaded' | 'emptied' | 'trouble' | 'lost';
  /** The kind of storage: `memory`, `sqlite` and so on. */
  readonly storage: string;
  /** With `loaded`: how many writes wait for the server. */
  readonly pending?: number;
  /** With `loaded`: how many writes wait for an author other than the current one. */
  readonly foreign?: number;
  /** Why, with `trouble` and `lost`. */
  readonly error?: DiagnosticsError;
}

/** What every message of a `tracing:` channel has besides its subject: the same object from beginning to end. */
export interface DiagnosticsTrace extends DiagnosticsPlace {
  /** How long it took, in milliseconds; once it is over. */
  durationMs?: number;
  /** Why it failed; once it has. */
  error?: DiagnosticsError;
}

/** One try to get a session, from its beginning until the server has accepted it. Traced as `instant:connect`. */
export interface ConnectTrace extends DiagnosticsTrace {
  /** Which try this is since the last session, from 1. */
  readonly attempt: number;
  /** By what it goes, where that is known. */
  readonly transport?: DiagnosticsTransport;
}

/** One call of `queryOnce`, until its promise settles. Traced as `instant:query-once`. */
export interface QueryOnceTrace extends DiagnosticsTrace, DiagnosticsQuery {
  /** How many entities the answer has, without those nested in others; once there is one. */
  entities?: number;
}

/** One subscription to a live query, until its first answer. Traced as `instant:first-answer`. */
export interface FirstAnswerTrace extends DiagnosticsTrace, DiagnosticsQuery {
  /** How many entities the first answer has, without those nested in others; once there is one. */
  entities?: number;
  /** Whether it ended before there was an answer: its subscriber left. */
  isLeft?: boolean;
}

/** One call of `transact`, until its promise settles. Traced as `instant:transact`. */
export interface TransactTrace extends DiagnosticsTrace {
  /** The namespaces that it writes to. */
  readonly namespaces: readonly string[];
  /** How many changes were given: each `create`, `update`, `link` and so on is one. */
  readonly changes: number;
  /** The id by which both sides know it; once a write was made of it. */
  eventId?: string;
  /** What the promise resolved as; once it has. */
  status?: 'synced' | 'enqueued';
}

/** One batch, until the storage has it. Traced as `instant:storage-write`. */
export interface StorageWriteTrace extends DiagnosticsTrace {
  /** The kind of storage: `memory`, `sqlite` and so on. */
  readonly storage: string;
  /** What the records are of: pending `writes`, `kv` (the user, local ids), `querySubs` (answers), `syncSubs` (tables). */
  readonly stores: readonly string[];
  /** How many records are stored. */
  readonly stored: number;
  /** How many records are removed. */
  readonly removed: number;
}

/** The channels of `node:diagnostics_channel` on which something is told as it happens, and with what. */
export interface DiagnosticsChannels {
  /** What becomes of the connection. */
  'instant:connection': ConnectionDiagnostics;
  /** What subscribers of live queries get. */
  'instant:query': QueryDiagnostics;
  /** What becomes of writes. */
  'instant:transaction': TransactionDiagnostics;
  /** What becomes of the storage. */
  'instant:storage': StorageDiagnostics;
}

/**
 * What is traced from its beginning to its end, each on five channels: for `diagnostics_channel.tracingChannel(name)`,
 * or as `tracing:<name>:start`, `:end`, `:asyncStart`, `:asyncEnd` and `:error`.
 */
export interface DiagnosticsTraces {
  /** An attempt to get a session. */
  'instant:connect': ConnectTrace;
  /** A call of `queryOnce`. */
  'instant:query-once': QueryOnceTrace;
  /** A subscription, until its first answer. */
  'instant:first-answer': FirstAnswerTrace;
  /** A call of `transact`. */
  'instant:transact': TransactTrace;
  /** A batch for the storage. */
  'instant:storage-write': StorageWriteTrace;
}
