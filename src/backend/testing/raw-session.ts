import { WebSocket } from 'isows';
import type { JsonObject } from '../../protocol/json.ts';
import type { Backend, BackendApp } from '../server.ts';

/** A message of the server, as it came. */
export type Message = JsonObject & { op: string };

const CORE = { '@instantdb/core': 'v1.0.67' };
const WAIT_MS = 5_000;

/** A WebSocket to a backend that says what it is told to and keeps what it hears, in order. For tests. */
export class RawSession {
  readonly #socket: WebSocket;
  readonly #heard: Message[] = [];
  readonly #waiting = new Set<() => void>();
  /** Settles when the socket is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
    socket.onmessage = ({ data }) => {
      this.#heard.push(JSON.parse(String(data)));
      for (const wake of [...this.#waiting]) wake();
    };
  }

  static async open(uri: string): Promise<RawSession> {
    const socket = new WebSocket(uri);
    const session = new RawSession(socket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`Cannot connect to ${uri}`));
    });
    return session;
  }

  /** Opens a session for an app and has it greeted. */
  static async init(backend: Backend, app: BackendApp, fields: JsonObject = {}): Promise<RawSession> {
    const session = await RawSession.open(backend.websocketURI);
    const answer = await session.ask({ op: 'init', 'app-id': app.id, versions: CORE, ...fields });
    if (answer.op !== 'init-ok') throw new Error(`Session refused: ${JSON.stringify(answer)}`);
    return session;
  }

  /** Sends an event under a new `client-event-id`, unless it brings one, and returns that. */
  send(event: JsonObject): string {
    const id = String(event['client-event-id'] ?? crypto.randomUUID());
    this.sendRaw(JSON.stringify({ 'client-event-id': id, ...event }));
    return id;
  }

  /** Sends a frame as it is. */
  sendRaw(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
  }

  /** Sends an event and waits for what answers it; everything heard in between is kept. */
  async ask(event: JsonObject): Promise<Message> {
    const id = this.send(event);
    return this.take((message) => message['client-event-id'] === id);
  }

  /** Waits for the next message, whatever it is. */
  next(): Promise<Message> {
    return this.take(() => true);
  }

  /** Waits for the next message of an operation; earlier others are kept. */
  nextOf(op: string): Promise<Message> {
    return this.take((message) => message.op === op);
  }

  /** Messages heard and not taken yet. */
  get pending(): readonly Message[] {
    return this.#heard;
  }

  close(): Promise<{ code: number; reason: string }> {
    this.#socket.close();
    return this.closed;
  }

  /** Waits for the first message that `matches`; others are kept. */
  take(matches: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const at = this.#heard.findIndex(matches);
        if (at < 0) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.#heard.splice(at, 1)[0] as Message);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`Not heard; pending: ${JSON.stringify(this.#heard).slice(0, 500)}`));
      }, WAIT_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
