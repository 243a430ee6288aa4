import type { Attr } from './attr.ts';
import type { Answer, Down } from './envelope.ts';
import type { ServerErrorType } from './error.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { RoomDownMessage } from './rooms.ts';
import type { StreamDownMessage } from './streams.ts';
import type { SyncDownMessage } from './sync.ts';

/** Whether clients may read and write the app, only read it, or neither. */
export type AppStatus = 'active' | 'read-only' | 'disabled';

/** The statuses that an app can have. */
export const APP_STATUSES: readonly AppStatus[] = ['active', 'read-only', 'disabled'];

/** An app as clients see it. */
export interface AppRow {
  id: string;
  title: string;
  creator_id: string;
  created_at: string;
  deletion_marked_at: string | null;
  org_id: string | null;
  subscription_id: string | null;
  connection_string: string | null;
  status: AppStatus;
  magic_code_expiry_minutes: number | null;
}

/** The session is open. */
export interface InitOk extends Answer<'init-ok'> {
  'session-id': string;
  auth: { app: AppRow; user: JsonObject | null; 'admin?': boolean };
  attrs: readonly Attr[];
  'app-status': { status: AppStatus };
}

/** The result of a new query. */
export interface AddQueryOk extends Answer<'add-query-ok'> {
  q: JsonValue;
  result: JsonValue;
  'result-meta': JsonObject | null;
  /** The result includes every transaction up to this one. */
  'processed-tx-id': number;
  'processed-isn': string;
}

/** The session has this query already. */
export interface AddQueryExists extends Answer<'add-query-exists'> {
  q: JsonValue;
}

/** The session does not have this query any more, or never had it. */
export interface RemoveQueryOk extends Answer<'remove-query-ok'> {
  q: JsonValue;
}

/** A new result of one query, inside {@link RefreshOk}. */
export interface Computation {
  'instaql-query': JsonValue;
  'instaql-query-hash': string;
  'instaql-result': JsonValue;
  'result-meta': JsonObject | null;
  'result-changed?': true;
  'duration-ms': number;
}

/** New results of queries, because of transactions; and the attributes, if they changed. */
export interface RefreshOk extends Down<'refresh-ok'> {
  'processed-tx-id': number;
  'processed-isn': string;
  computations: Computation[];
  attrs?: readonly Attr[];
}

/** The transaction is applied. */
export interface TransactOk extends Answer<'transact-ok'> {
  'tx-id': number;
  isn: string;
}

/** The app changed its status. */
export interface AppStatusChanged extends Down<'app-status-changed'> {
  status: AppStatus;
}

/** An event failed. */
export interface ErrorMessage extends Answer<'error'> {
  status: 400 | 500;
  /** The event as it was received, and the session; null when what arrived was not an event. */
  'original-event': JsonObject | null;
  /** Absent when the server itself failed. */
  type?: ServerErrorType;
  message: string;
  hint: unknown;
}

/** The first message over SSE: the credentials for the client to post messages with. */
export interface SseInit extends Down<'sse-init'> {
  'machine-id': string;
  'session-id': string;
  'sse-token': string;
}

/** What a server sends over a session. */
export type DownMessage =
  | InitOk
  | AddQueryOk
  | AddQueryExists
  | RemoveQueryOk
  | RefreshOk
  | TransactOk
  | AppStatusChanged
  | ErrorMessage
  | RoomDownMessage
  | SyncDownMessage
  | StreamDownMessage
  | SseInit;

/** The name of a transaction in replication; clients only pass it along. */
export function isnOf(txId: number): string {
  return `0/0/${txId.toString(16).toUpperCase()}`;
}
