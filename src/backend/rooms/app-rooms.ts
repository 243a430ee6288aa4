import { upsert } from '../store/upsert.ts';
import { LiveRoom, type RoomSession } from './live-room.ts';

/** The rooms of one app. A room is there as long as a session is in it. */
export class AppRooms {
  readonly #instanceId: string;
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #changed = new Set<LiveRoom>();
  #scheduled = false;

  /** @param instanceId the name of this server among those that serve the same rooms: here there is one. */
  constructor(instanceId: string) {
    this.#instanceId = instanceId;
  }

  /** Everybody in a room, by session id; nobody in a room that does not exist. */
  sessions(roomId: string): Record<string, RoomSession> {
    return this.#rooms.get(roomId)?.sessions() ?? {};
  }

  /** A room to enter: it is made when nobody is in it. */
  open(roomId: string): LiveRoom {
    return upsert(this.#rooms, roomId, () => new LiveRoom(roomId, this.#instanceId));
  }

  /** The room, if this session is in it. */
  joined(roomId: string, sessionId: string): LiveRoom | undefined {
    const room = this.#rooms.get(roomId);
    return room?.has(sessionId) ? room : undefined;
  }

  /** Forgets a room when it is empty. */
  closeIfEmpty(roomId: string): void {
    if (this.#rooms.get(roomId)?.size === 0) this.#rooms.delete(roomId);
  }

  /**
   * Has a room tell its members what has changed, after what the event loop has at hand: a burst of changes costs each
   * member one message.
   */
  tellSoon(room: LiveRoom): void {
    this.#changed.add(room);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const rooms = [...this.#changed];
      this.#changed.clear();
      for (const changed of rooms) changed.tell();
    });
  }
}
