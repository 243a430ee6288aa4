import { type ServerError, validationFailed } from '../../protocol/error.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type {
  ClientBroadcastMessage,
  JoinRoomMessage,
  RoomMessage,
  RoomOk,
  SetPresenceMessage,
} from '../../protocol/rooms.ts';
import type { App } from '../app/app.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { AppRooms } from './app-rooms.ts';
import type { LiveRoom } from './live-room.ts';

/** How many rooms one session can be in at once. */
const MAX_ROOMS = 10_000;

/** The maximum presence of one session in all rooms together, including the room ids, in characters. */
const MAX_CHARS = 64 * 1024 * 1024;

/** The rooms that one session is in. */
export class SessionRooms {
  readonly #app: Pick<App, 'assertReadable' | 'identity'>;
  readonly #rooms: AppRooms;
  readonly #channel: ClientChannel;
  /** Each room, with the number of characters it uses. */
  readonly #joined = new Map<string, number>();
  #chars = 0;

  constructor(app: Pick<App, 'assertReadable' | 'identity'>, rooms: AppRooms, channel: ClientChannel) {
    this.#app = app;
    this.#rooms = rooms;
    this.#channel = channel;
  }

  /**
   * Handles an event and replies to it.
   *
   * @throws {ServerError} when it is not permitted.
   */
  serve(message: RoomMessage, id: EventId): void {
    switch (message.op) {
      case 'join-room':
        this.#join(message);
        this.#confirm('join-room-ok', message.roomId, id);
        break;
      case 'leave-room':
        this.#leave(message.roomId);
        this.#confirm('leave-room-ok', message.roomId, id);
        break;
      case 'set-presence':
        this.#show(message);
        this.#confirm('set-presence-ok', message.roomId, id);
        break;
      case 'client-broadcast':
        this.#broadcast(message, id);
        break;
    }
  }

  /** Leaves every room. */
  end(): void {
    for (const roomId of [...this.#joined.keys()]) this.#leave(roomId);
  }

  #join({ roomId, data }: JoinRoomMessage): void {
    this.#app.assertReadable();
    if (!this.#joined.has(roomId) && this.#joined.size >= MAX_ROOMS) {
      throw this.#refusal(roomId, `A session can be in at most ${MAX_ROOMS} rooms.`);
    }
    // A session that is in the room already keeps its presence.
    if (!this.#joined.has(roomId)) this.#count(roomId, data);
    const room = this.#rooms.open(roomId);
    room.join(this.#channel, data);
    this.#rooms.tellSoon(room);
  }

  #leave(roomId: string): void {
    const room = this.#rooms.joined(roomId, this.#channel.sessionId);
    if (!room) return;
    room.leave(this.#channel.sessionId);
    this.#chars -= this.#joined.get(roomId) ?? 0;
    this.#joined.delete(roomId);
    this.#rooms.closeIfEmpty(roomId);
    this.#rooms.tellSoon(room);
  }

  #show({ roomId, data }: SetPresenceMessage): void {
    const room = this.#entered(roomId);
    this.#count(roomId, data);
    room.show(this.#channel, data);
    this.#rooms.tellSoon(room);
  }

  #broadcast({ roomId, topic, data }: ClientBroadcastMessage, id: EventId): void {
    const said = this.#entered(roomId).say(this.#channel, topic, data);
    this.#channel.send({ op: 'client-broadcast-ok', ...said, 'client-event-id': id, 'trace-id': null });
  }

  /** Counts the presence in a room, replacing the earlier count. */
  #count(roomId: string, data: JsonObject = {}): void {
    const chars = roomId.length + JSON.stringify(data).length;
    const all = this.#chars - (this.#joined.get(roomId) ?? 0) + chars;
    if (all > MAX_CHARS) {
      throw this.#refusal(roomId, `A session can show at most ${MAX_CHARS} characters in all its rooms.`);
    }
    this.#joined.set(roomId, chars);
    this.#chars = all;
  }

  #entered(roomId: string): LiveRoom {
    const room = this.#rooms.joined(roomId, this.#channel.sessionId);
    if (!room) throw this.#refusal(roomId, 'You have not entered this room yet.');
    return room;
  }

  #refusal(roomId: string, message: string): ServerError {
    const input = {
      'app-id': this.#app.identity.id,
      'room-id': roomId,
      'session-id': this.#channel.sessionId,
    };
    return validationFailed('room', input, [{ message }]);
  }

  #confirm(op: RoomOk['op'], roomId: string, id: EventId): void {
    this.#channel.send({ op, 'room-id': roomId, 'client-event-id': id, 'trace-id': null });
  }
}
