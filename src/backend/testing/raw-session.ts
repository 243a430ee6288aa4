import type { JsonObject } from '../../protocol/json.ts';
import type { Backend } from '../backend.ts';
import type { BackendApp } from '../backend-app.ts';
import { Heard } from './heard.ts';
import { openTransport, type RawTransport, type TransportEnd } from './raw-transport.ts';

/** A message of the server, unprocessed. */
export type Message = JsonObject & { op: string };

/** The versions that current clients report. */
export const VERSIONS: JsonObject = { '@instantdb/core': 'v1.0.67' };

/** A connection to a backend that sends what a test tells it to and keeps what it receives, in order. For tests. */
export class RawSession {
  readonly #transport: RawTransport;
  readonly #heard: Heard;

  private constructor(transport: RawTransport, heard: Heard) {
    this.#transport = transport;
    this.#heard = heard;
  }

  /** Connects: by an event stream to an `http:` address, else by WebSocket. */
  static async open(uri: string): Promise<RawSession> {
    const heard = new Heard();
    return new RawSession(await openTransport(uri, heard.put), heard);
  }

  /** Settles when the connection has ended. */
  get closed(): Promise<TransportEnd> {
    return this.#transport.closed;
  }

  /** Opens a session for an app and waits for `init-ok`. */
  static async init(
    backend: Pick<Backend, 'websocketURI'>,
    app: BackendApp,
    fields: JsonObject = {},
  ): Promise<RawSession> {
    const session = await RawSession.open(backend.websocketURI);
    const answer = await session.ask({ op: 'init', 'app-id': app.id, versions: VERSIONS, ...fields });
    if (answer.op !== 'init-ok') throw new Error(`Session refused: ${JSON.stringify(answer)}`);
    return session;
  }

  /** Sends an event under a new `client-event-id`, unless it has one, and returns the id. */
  send(event: JsonObject): string {
    const id = String(event['client-event-id'] ?? crypto.randomUUID());
    this.sendRaw(JSON.stringify({ 'client-event-id': id, ...event }));
    return id;
  }

  /** Sends a frame unchanged. */
  sendRaw(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#transport.send(frame);
  }

  /** Sends an event and waits for its reply; everything received in between is kept. */
  async ask(event: JsonObject): Promise<Message> {
    const id = this.send(event);
    return this.take((message) => message['client-event-id'] === id);
  }

  /** Waits for the next message, whatever it is. */
  next(): Promise<Message> {
    return this.take(() => true);
  }

  /** Waits for the next message with an `op`; earlier others are kept. */
  nextOf(op: string): Promise<Message> {
    return this.take((message) => message.op === op);
  }

  /** Messages received but not taken yet. */
  get pending(): readonly Message[] {
    return this.#heard.all;
  }

  close(): Promise<TransportEnd> {
    this.#transport.close();
    return this.closed;
  }

  /** Waits for the first message that `matches`; others are kept. */
  take(matches: (message: Message) => boolean): Promise<Message> {
    const { all } = this.#heard;
    return this.#heard.wait(() => {
      const at = all.findIndex(matches);
      return at < 0 ? undefined : all.splice(at, 1)[0];
    });
  }
}
