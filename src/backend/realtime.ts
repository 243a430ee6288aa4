import type { RealtimeMessage } from '../protocol/up.ts';
import type { App } from './app.ts';
import type { EventId } from './encode.ts';
import { SessionRooms } from './rooms/session-rooms.ts';
import { SessionStreams } from './streams/session-streams.ts';
import { SessionSync } from './sync/session-sync.ts';
import type { Wire } from './wire.ts';

/** The rooms, sync tables and streams of one session. */
export class Realtime {
  readonly #rooms: SessionRooms;
  readonly #sync: SessionSync;
  readonly #streams: SessionStreams;

  constructor(app: App, wire: Wire) {
    this.#rooms = new SessionRooms(app, wire);
    this.#sync = new SessionSync(app, wire);
    this.#streams = new SessionStreams(app, wire);
  }

  /**
   * Does what an event asks for, and answers it.
   *
   * @throws {ServerError} when it may not be done.
   */
  serve(message: RealtimeMessage, id: EventId): void {
    switch (message.op) {
      case 'join-room':
      case 'leave-room':
      case 'set-presence':
      case 'client-broadcast':
        this.#rooms.serve(message, id);
        break;
      case 'start-sync':
      case 'remove-sync':
      case 'resync-table':
        this.#sync.serve(message, id);
        break;
      case 'start-stream':
      case 'append-stream':
      case 'subscribe-stream':
      case 'unsubscribe-stream':
        this.#streams.serve(message, id);
        break;
      default:
        message satisfies never;
    }
  }

  /** The client is gone. */
  end(): void {
    this.#rooms.end();
    this.#sync.end();
    this.#streams.end();
  }
}
