import type { RealtimeMessage } from '../../protocol/up.ts';
import type { ServedApp } from '../apps/served-app.ts';
import { SessionRooms } from '../rooms/session-rooms.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import { SessionStreams } from '../streams/session-streams.ts';
import { SessionSync } from '../sync/session-sync.ts';

/** The rooms, sync tables and streams of one session. */
export class SessionParts {
  readonly #served: ServedApp;
  readonly #channel: ClientChannel;
  // Created on first use: most sessions need none of them.
  #rooms: SessionRooms | undefined;
  #sync: SessionSync | undefined;
  #streams: SessionStreams | undefined;

  constructor(served: ServedApp, channel: ClientChannel) {
    this.#served = served;
    this.#channel = channel;
  }

  /**
   * Handles an event and replies to it.
   *
   * @throws {ServerError} when it is not permitted.
   */
  serve(message: RealtimeMessage, id: EventId): void {
    switch (message.op) {
      case 'join-room':
      case 'leave-room':
      case 'set-presence':
      case 'client-broadcast':
        this.#rooms ??= new SessionRooms(this.#served.app, this.#served.rooms, this.#channel);
        this.#rooms.serve(message, id);
        break;
      case 'start-sync':
      case 'remove-sync':
      case 'resync-table':
        this.#sync ??= new SessionSync(this.#served.sync, this.#channel);
        this.#sync.serve(message, id);
        break;
      case 'start-stream':
      case 'append-stream':
      case 'subscribe-stream':
      case 'unsubscribe-stream':
        this.#streams ??= new SessionStreams(this.#served.streams, this.#channel);
        this.#streams.serve(message, id);
        break;
      default:
        message satisfies never;
    }
  }

  /** Call this when the client is gone. */
  end(): void {
    this.#rooms?.end();
    this.#sync?.end();
    this.#streams?.end();
  }
}
