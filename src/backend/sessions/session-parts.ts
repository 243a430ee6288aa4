import type { RealtimeMessage } from '../../protocol/up.ts';
import type { App } from '../app/app.ts';
import { SessionRooms } from '../rooms/session-rooms.ts';
import type { Wire } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import { SessionStreams } from '../streams/session-streams.ts';
import { SessionSync } from '../sync/session-sync.ts';

/** The rooms, sync tables and streams of one session. */
export class Realtime {
  readonly #app: App;
  readonly #wire: Wire;
  // Made when they are needed: most sessions need none of them.
  #rooms: SessionRooms | undefined;
  #sync: SessionSync | undefined;
  #streams: SessionStreams | undefined;

  constructor(app: App, wire: Wire) {
    this.#app = app;
    this.#wire = wire;
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
        this.#rooms ??= new SessionRooms(this.#app, this.#wire);
        this.#rooms.serve(message, id);
        break;
      case 'start-sync':
      case 'remove-sync':
      case 'resync-table':
        this.#sync ??= new SessionSync(this.#app, this.#wire);
        this.#sync.serve(message, id);
        break;
      case 'start-stream':
      case 'append-stream':
      case 'subscribe-stream':
      case 'unsubscribe-stream':
        this.#streams ??= new SessionStreams(this.#app, this.#wire);
        this.#streams.serve(message, id);
        break;
      default:
        message satisfies never;
    }
  }

  /** The client is gone. */
  end(): void {
    this.#rooms?.end();
    this.#sync?.end();
    this.#streams?.end();
  }
}
