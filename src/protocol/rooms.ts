import type { Answer, Down } from './envelope.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { optional, record, required, text } from './params.ts';

/** Enters a room. The room's type is not part of its identity, so it is not read. */
export interface JoinRoomMessage {
  op: 'join-room';
  roomId: string;
  /** The initial presence that the others see. */
  data: JsonObject | undefined;
}

/** Leaves a room. */
export interface LeaveRoomMessage {
  op: 'leave-room';
  roomId: string;
}

/** Replaces what the others see. */
export interface SetPresenceMessage {
  op: 'set-presence';
  roomId: string;
  data: JsonObject;
}

/** Says something to the others in a room. */
export interface ClientBroadcastMessage {
  op: 'client-broadcast';
  roomId: string;
  /** Passed on as sent, because listeners compare it. */
  topic: JsonValue | undefined;
  data: JsonValue | undefined;
}

/** What a client sends about rooms. */
export type RoomMessage = JoinRoomMessage | LeaveRoomMessage | SetPresenceMessage | ClientBroadcastMessage;

/** The operations on rooms. */
export const ROOM_OPS = ['join-room', 'leave-room', 'set-presence', 'client-broadcast'] as const;

/** One session in a room, as the others see it. */
export interface PresenceEntry {
  'peer-id': string;
  'instance-id': string;
  user: { id: string } | null;
  data: JsonObject;
}

/**
 * A change of presence at `path`, which begins with a session's id: `+` adds, `r` replaces and `-` removes. Edits are
 * applied in order.
 */
export type PresenceEdit =
  | [path: (string | number)[], op: '+' | 'r', value: JsonValue]
  | [path: (string | number)[], op: '-'];

/** The event on a room is done. */
export interface RoomOk extends Answer<'join-room-ok' | 'leave-room-ok' | 'set-presence-ok'> {
  'room-id': string;
}

/** What was said in a room, and by which peer. */
export interface RoomSaid {
  'room-id': string;
  topic: JsonValue | undefined;
  data: { 'peer-id': string; user: { id: string } | null; data: JsonValue | undefined };
}

/** The session's broadcast was passed on. */
export interface ClientBroadcastOk extends Answer<'client-broadcast-ok'>, RoomSaid {}

/** Another session in the room said something. */
export interface ServerBroadcast extends Down<'server-broadcast'>, RoomSaid {}

/** Everyone in a room, by session id. */
export interface RefreshPresence extends Down<'refresh-presence'> {
  'room-id': string;
  data: Record<string, PresenceEntry>;
}

/** The changes to the presence in a room. */
export interface PatchPresence extends Down<'patch-presence'> {
  'room-id': string;
  edits: PresenceEdit[];
}

/** What a server sends about rooms. */
export type RoomDownMessage = RoomOk | ClientBroadcastOk | ServerBroadcast | RefreshPresence | PatchPresence;

/**
 * The fields of an event on a room, checked.
 *
 * @throws {ServerError} when the room's id is not a text, or the presence is not an object.
 */
export function parseRoomMessage(op: RoomMessage['op'], event: JsonObject): RoomMessage {
  const roomId = required(event, 'room-id', text);
  switch (op) {
    case 'join-room':
      return { op, roomId, data: optional(event, 'data', record) };
    case 'leave-room':
      return { op, roomId };
    case 'set-presence':
      return { op, roomId, data: optional(event, 'data', record) ?? {} };
    case 'client-broadcast':
      return { op, roomId, topic: event.topic, data: event.data };
  }
}
