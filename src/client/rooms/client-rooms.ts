import { isServerRefusal, type Refusal, refusalError } from '../refusals/server-refusal.ts';
import type { PresenceOptions, PresenceSlice } from './presence-slice.ts';
import { type PresenceCallback, Room, type Said, type TopicCallback } from './room.ts';

/** What rooms need from their session. */
export interface RoomsSession {
  /** Whether the server has accepted the session, and there is a connection to it. */
  isOpen(): boolean;
  /** Whether presence and topics wait for another session, which is about to begin; `proceed` is called otherwise. */
  isHolding(): boolean;
  /** Sends a message, if the session is open; drops it otherwise. */
  send(message: { op: string; [field: string]: unknown }): void;
  /** This session's id in the server's messages. */
  sessionId(): string;
  /** Reports what the server should not have sent. */
  report(problem: string): void;
}

const ROOM_OPS = [
  'patch-presence',
  'refresh-presence',
  'server-broadcast',
  'join-room-ok',
  'join-room-error',
  'leave-room-ok',
] as const;

/** A server message about a room, with its fields checked. */
export type RoomFrame = { 'room-id': string } & (
  | { op: 'patch-presence'; edits: readonly unknown[] }
  | { op: 'refresh-presence'; data: object }
  | { op: 'server-broadcast'; topic?: unknown; data: Said }
  | { op: 'join-room-ok' | 'leave-room-ok' }
  | { op: 'join-room-error'; error?: unknown }
);

/** Whether a server message is about a room. */
export function isRoomFrame(message: { op: string }): message is RoomFrame {
  return (ROOM_OPS as readonly string[]).includes(message.op);
}

/** A message to publish on a topic. */
export interface Topical {
  roomType: string;
  roomId: string;
  topic: string;
  data: unknown;
}

/**
 * The rooms of a session, with presence and topics: they work as core's do, whatever rooms, topics, keys and sessions
 * are called. As in core and in the protocol, a room is identified by its id alone.
 */
export class ClientRooms {
  readonly #session: RoomsSession;
  readonly #rooms = new Map<string, Room>();
  /** Rooms that were left while the server has yet to answer the request to join. */
  readonly #leaving = new Set<string>();
  /** Messages to publish once the server has let this session in. */
  readonly #unsaid = new Map<string, Topical[]>();

  constructor(session: RoomsSession) {
    this.#session = session;
  }

  /** How many rooms are joined. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Joins a room. Returns a function that leaves it, once it has no subscribers. */
  join(type: string, id: string, initialPresence?: object | null): () => void {
    this.#enter(type, id, initialPresence);
    return () => this.#leaveUnheard(id);
  }

  /** Joins a room and subscribes `callback` to its presence. */
  subscribePresence(
    type: string,
    id: string,
    options: PresenceOptions | undefined,
    callback: PresenceCallback,
  ): () => void {
    const room = this.#enter(type, id, options?.initialPresence || options?.initialData);
    const unwatch = room.watch(options, callback);
    return () => {
      unwatch();
      this.#leaveUnheard(id);
    };
  }

  /** Adds to this session's presence in a room that it has joined. */
  publishPresence(id: string, changes: object): void {
    const room = this.#rooms.get(id);
    if (!room) return;
    room.user = { ...room.user, ...changes };
    if (!room.isConnected) return;
    if (!this.#session.isHolding()) this.#show(id, room);
    room.notify();
  }

  /** The presence that is known in a room; null when there is none. */
  presence(id: string, options: PresenceOptions | undefined): PresenceSlice | null {
    return this.#rooms.get(id)?.slice(options) ?? null;
  }

  /** Joins a room and subscribes `callback` to one of its topics. */
  subscribeTopic(type: string, id: string, topic: string, callback: TopicCallback): () => void {
    const unlisten = this.#enter(type, id).listen(topic, callback);
    return () => {
      unlisten();
      this.#leaveUnheard(id);
    };
  }

  /** Publishes a message in a room that this session has joined, as soon as it is let in. */
  publishTopic(said: Topical): void {
    const room = this.#rooms.get(said.roomId);
    if (!room) return;
    if (room.isConnected && this.#session.isOpen() && !this.#session.isHolding()) {
      this.#say(said);
      return;
    }
    const unsaid = this.#unsaid.get(said.roomId) ?? [];
    unsaid.push(said);
    this.#unsaid.set(said.roomId, unsaid);
  }

  /** Handles a server message. */
  receive(frame: RoomFrame): void {
    const id = frame['room-id'];
    const room = this.#rooms.get(id);
    if (room) this.#receiveIn(id, room, frame);
    else if (frame.op === 'join-room-ok' && this.#leaving.delete(id)) this.#leave(id);
    else if (frame.op === 'join-room-error') this.#leaving.delete(id);
  }

  /**
   * The server does not let this session into a room: subscribers to its presence get the reason, as an error. Returns
   * whether there were any.
   */
  refused(id: unknown, { message = 'The server refused the room', hint, type, status }: Refusal): boolean {
    this.#leaving.delete(id as string);
    const room = this.#rooms.get(id as string);
    if (!room?.isWatched) return false;
    room.refuse(refusalError({ message, hint, type, status }));
    return true;
  }

  /** No other session begins: says what was held back. */
  proceed(): void {
    if (!this.#session.isOpen()) return;
    for (const [id, room] of this.#rooms) if (room.isConnected) this.#flush(id, room);
  }

  /** Joins all rooms again, in a new session. */
  rejoin(): void {
    for (const [id, room] of this.#rooms) this.#askToJoin(id, room, room.user);
  }

  /** Call this when the session has ended: the server has forgotten who was in which room. */
  disconnected(): void {
    for (const room of this.#rooms.values()) room.disconnected();
    this.#leaving.clear();
  }

  /** Forgets the peers that the previous user saw, and drops the messages that they had yet to publish. */
  userChanged(): void {
    this.#unsaid.clear();
    for (const room of this.#rooms.values()) room.forgetPeers();
  }

  #receiveIn(id: string, room: Room, frame: RoomFrame): void {
    // A session that hears about the others is in the room.
    if (frame.op !== 'join-room-error') room.isConnected = frame.op !== 'leave-room-ok';
    switch (frame.op) {
      case 'patch-presence':
        this.#patch(room, frame.edits);
        break;
      case 'refresh-presence':
        room.refresh(frame.data);
        room.notify();
        break;
      case 'server-broadcast':
        room.hear(frame.topic, frame.data);
        break;
      case 'join-room-ok':
        if (isServerRefusal(room.error)) room.error = undefined;
        this.#flush(id, room);
        break;
      case 'join-room-error':
        room.error = frame.error;
        room.notify();
        break;
      case 'leave-room-ok':
        break;
    }
  }

  #patch(room: Room, edits: readonly unknown[]): void {
    const skipped = room.patch(edits);
    room.notify();
    if (!skipped) return;
    const { count, first } = skipped;
    this.#session.report(`in "patch-presence", ${count} of ${edits.length} edits; of the first, ${first}`);
  }

  #enter(type: string, id: string, initialPresence?: object | null): Room {
    const known = this.#rooms.get(id);
    const room = known ?? new Room(type, () => this.#session.sessionId());
    this.#rooms.set(id, room);
    if (initialPresence && !room.isShown) {
      room.user = initialPresence;
      room.notify();
    }
    if (!known) this.#askToJoin(id, room, initialPresence);
    return room;
  }

  #leaveUnheard(id: string): void {
    const room = this.#rooms.get(id);
    if (!room || room.isHeard) return;
    this.#rooms.delete(id);
    // Core keeps these for ever, and says them whenever the room is joined again.
    this.#unsaid.delete(id);
    if (room.isConnected) this.#leave(id);
    else if (room.isAskedFor) this.#leaving.add(id);
  }

  #flush(id: string, room: Room): void {
    if (this.#session.isHolding()) return;
    const unsaid = this.#unsaid.get(id) ?? [];
    this.#unsaid.delete(id);
    if (room.user) this.#show(id, room);
    for (const said of unsaid) this.#say(said);
  }

  #askToJoin(id: string, room: Room, data: object | null | undefined): void {
    room.isAskedFor = this.#session.isOpen();
    this.#session.send({ op: 'join-room', 'room-type': room.type, 'room-id': id, data });
    this.#leaving.delete(id);
  }

  #leave(id: string): void {
    this.#session.send({ op: 'leave-room', 'room-id': id });
  }

  #show(id: string, { user }: Room): void {
    this.#session.send({ op: 'set-presence', 'room-id': id, data: user });
  }

  #say({ roomType, roomId, topic, data }: Topical): void {
    this.#session.send({ op: 'client-broadcast', 'room-id': roomId, roomType, topic, data });
  }
}
