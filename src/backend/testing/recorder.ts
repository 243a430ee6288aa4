import type { JsonObject } from '../../protocol/json.ts';
import { Heard } from './heard.ts';
import type { Message } from './raw-session.ts';
import { openTransport, type RawTransport, type TransportEnd } from './raw-transport.ts';

/**
 * A connection to a backend that keeps everything it receives, in order, even after someone has waited for it. For
 * tests.
 */
export class Recorder {
  readonly #transport: RawTransport;
  readonly #heard: Heard;

  private constructor(transport: RawTransport, heard: Heard) {
    this.#transport = transport;
    this.#heard = heard;
  }

  /** Connects: by an event stream to an `http:` address, else by WebSocket. */
  static async open(uri: string): Promise<Recorder> {
    const heard = new Heard();
    return new Recorder(await openTransport(uri, heard.put), heard);
  }

  /** Every message of the server, in the order of arrival. */
  get heard(): readonly Message[] {
    return this.#heard.all;
  }

  /** Sends an event under a new `client-event-id`, unless it has one, and returns the id. */
  send(event: JsonObject): string {
    const id = String(event['client-event-id'] ?? crypto.randomUUID());
    this.#transport.send(JSON.stringify({ 'client-event-id': id, ...event }));
    return id;
  }

  /** Sends an event and waits for its reply. */
  async ask(event: JsonObject): Promise<Message> {
    const id = this.send(event);
    return this.until((message) => message['client-event-id'] === id);
  }

  /** The first message that `matches`, among those received and those to come. */
  until(matches: (message: Message) => boolean): Promise<Message> {
    let looked = 0;
    return this.#heard.wait(() => {
      const message = this.heard.slice(looked).find(matches);
      looked = this.heard.length;
      return message;
    });
  }

  close(): Promise<TransportEnd> {
    this.#transport.close();
    return this.#transport.closed;
  }
}
