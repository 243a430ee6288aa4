import { type ServerError, validationFailed } from '../../protocol/error.ts';
import type {
  ClientBroadcastMessage,
  JoinRoomMessage,
  RoomMessage,
  RoomOk,
  SetPresenceMessage,
} from '../../protocol/rooms.ts';
import type { App } from '../app.ts';
import type { EventId } from '../encode.ts';
import type { Wire } from '../wire.ts';
import type { Room } from './room.ts';

/** How many rooms one session can be in at a time. */
const MAX_ROOMS = 10_000;

/** The rooms that one session is in. */
export class SessionRooms {
  readonly #app: App;
  readonly #wire: Wire;
  readonly #joined = new Set<string>();

  constructor(app: App, wire: Wire) {
    this.#app = app;
    this.#wire = wire;
  }

  /**
   * Does what an event asks for, and answers it.
   *
   * @throws {ServerError} when it may not be done.
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
    for (const roomId of [...this.#joined]) this.#leave(roomId);
  }

  #join({ roomId, data }: JoinRoomMessage): void {
    this.#app.assertReadable();
    if (!this.#joined.has(roomId) && this.#joined.size >= MAX_ROOMS) {
      throw this.#refusal(roomId, `A session can be in at most ${MAX_ROOMS} rooms.`);
    }
    const room = this.#app.rooms.open(roomId);
    room.join(this.#wire, data);
    this.#joined.add(roomId);
    this.#app.rooms.tellSoon(room);
  }

  #leave(roomId: string): void {
    const room = this.#app.rooms.joined(roomId, this.#wire.sessionId);
    if (!room) return;
    room.leave(this.#wire.sessionId);
    this.#joined.delete(roomId);
    this.#app.rooms.closeIfEmpty(roomId);
    this.#app.rooms.tellSoon(room);
  }

  #show({ roomId, data }: SetPresenceMessage): void {
    const room = this.#entered(roomId);
    room.show(this.#wire, data);
    this.#app.rooms.tellSoon(room);
  }

  #broadcast({ roomId, topic, data }: ClientBroadcastMessage, id: EventId): void {
    const said = this.#entered(roomId).say(this.#wire, topic, data);
    this.#wire.send({ op: 'client-broadcast-ok', ...said, 'client-event-id': id, 'trace-id': null });
  }

  #entered(roomId: string): Room {
    const room = this.#app.rooms.joined(roomId, this.#wire.sessionId);
    if (!room) throw this.#refusal(roomId, 'You have not entered this room yet.');
    return room;
  }

  #refusal(roomId: string, message: string): ServerError {
    const input = { 'app-id': this.#app.identity.id, 'room-id': roomId, 'session-id': this.#wire.sessionId };
    return validationFailed('room', input, [{ message }]);
  }

  #confirm(op: RoomOk['op'], roomId: string, id: EventId): void {
    this.#wire.send({ op, 'room-id': roomId, 'client-event-id': id, 'trace-id': null });
  }
}
