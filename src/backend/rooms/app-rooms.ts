import { upsert } from '../store/upsert.ts';
import { LiveRoom, type RoomSession } from './live-room.ts';

/** The rooms of one app. A room exists as long as a session is in it. */
export class AppRooms {
  readonly #instanceId: string;
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #changed = new Set<LiveRoom>();
  #scheduled = false;

  /**
   * @param instanceId the name of this server among those that serve the same rooms; a local backend is the only one.
   */
  constructor(instanceId: string) {
    this.#instanceId = instanceId;
  }

  /** The sessions in a room, by id; empty for a room that does not exist. */
  sessions(roomId: string): Record<string, RoomSession> {
    return this.#rooms.get(roomId)?.sessions() ?? {};
  }

  /** Returns a room to enter, and creates it if nobody is in it. */
  open(roomId: string): LiveRoom {
    return upsert(this.#rooms, roomId, () => new LiveRoom(roomId, this.#instanceId));
  }

  /** The room, if this session is in it. */
  joined(roomId: string, sessionId: string): LiveRoom | undefined {
    const room = this.#rooms.get(roomId);
    return room?.has(sessionId) ? room : undefined;
  }

  /** Removes a room if it is empty. */
  closeIfEmpty(roomId: string): void {
    if (this.#rooms.get(roomId)?.size === 0) this.#rooms.delete(roomId);
  }

  /**
   * Makes a room notify its members, once the event loop has handled what is pending: a burst of changes costs each
   * member a single message.
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
