import type { JsonValue } from './json.ts';
import type { RoomMessage } from './rooms.ts';
import type { StreamMessage } from './streams.ts';
import type { SyncMessage } from './sync.ts';

/** The shape of a query's answer: rows of triples, as core expects them, or a tree of objects. */
export type ReturnType = 'join-rows' | 'tree';

/** Opens the session for one app. The first message of every session. */
export interface InitMessage {
  op: 'init';
  /** A UUID in lower case. */
  appId: string;
  /** Who the user is; absent when logged out. Any value that the client sent, valid or not. */
  refreshToken: JsonValue | undefined;
  /** Makes the session an admin. Any value that the client sent, valid or not. */
  adminToken: JsonValue | undefined;
  /** Package name to version, for as many entries as the client gave a string. */
  versions: Readonly<Record<string, string>>;
}

/** Subscribes to a query. */
export interface AddQueryMessage {
  op: 'add-query';
  q: JsonValue;
  returnType: ReturnType;
}

/** Ends a subscription. */
export interface RemoveQueryMessage {
  op: 'remove-query';
  q: JsonValue;
}

/** Runs a transaction. */
export interface TransactMessage {
  op: 'transact';
  /** The client's name for this write; the same when it is sent again after a reconnect. */
  clientEventId: JsonValue | undefined;
  /** As sent: the transaction engine reports what is wrong with them. */
  steps: unknown;
}

/** A message of rooms, sync tables or streams. */
export type RealtimeMessage = RoomMessage | SyncMessage | StreamMessage;

/** What a client sends once its session is open. */
export type RequestMessage = AddQueryMessage | RemoveQueryMessage | TransactMessage | RealtimeMessage;

/** What a client sends over a session. */
export type UpMessage = InitMessage | RequestMessage;

/** The name of an operation that a client may request. */
export type UpOp = UpMessage['op'];

/** The name of an operation that needs an open session. */
export type RequestOp = RequestMessage['op'];
