import type { JsonObject } from '../../protocol/json.ts';
import type { Message } from './raw-session.ts';
import { openTransport, type RawTransport, type TransportEnd } from './raw-transport.ts';

const WAIT_MS = 10_000;

/** A connection to a backend that keeps all it hears, in order, whoever waits for what. For tests. */
export class Recorder {
  /** Every message of the server, in the order of arrival. */
  readonly heard: readonly Message[];
  readonly #transport: RawTransport;
  readonly #waiting: Set<() => void>;

  private constructor(transport: RawTransport, heard: Message[], waiting: Set<() => void>) {
    this.#transport = transport;
    this.heard = heard;
    this.#waiting = waiting;
  }

  /** Connects: by an event stream to an `http:` address, else by WebSocket. */
  static async open(uri: string): Promise<Recorder> {
    const heard: Message[] = [];
    const waiting = new Set<() => void>();
    const transport = await openTransport(uri, (text) => {
      heard.push(JSON.parse(text));
      for (const wake of [...waiting]) wake();
    });
    return new Recorder(transport, heard, waiting);
  }

  /** Sends an event under a new `client-event-id`, unless it brings one, and returns that. */
  send(event: JsonObject): string {
    const id = String(event['client-event-id'] ?? crypto.randomUUID());
    this.#transport.send(JSON.stringify({ 'client-event-id': id, ...event }));
    return id;
  }

  /** Sends an event and waits for what answers it. */
  async ask(event: JsonObject): Promise<Message> {
    const id = this.send(event);
    return this.until((message) => message['client-event-id'] === id);
  }

  /** The first message that `matches`, of those heard and those to come. */
  until(matches: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      let looked = 0;
      const look = (): void => {
        for (; looked < this.heard.length; looked++) {
          const message = this.heard[looked] as Message;
          if (!matches(message)) continue;
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve(message);
          return;
        }
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`Not heard; last: ${JSON.stringify(this.heard.slice(-3)).slice(0, 500)}`));
      }, WAIT_MS);
      this.#waiting.add(look);
      look();
    });
  }

  close(): Promise<TransportEnd> {
    this.#transport.close();
    return this.#transport.closed;
  }
}
