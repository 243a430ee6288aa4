import type { Clock } from '../timing/clock.ts';

/** What a {@link TransportChoice} needs to know and to do. */
export interface TransportChoiceHost {
  readonly clock: Clock;
  /** How long an event stream is used before a WebSocket is tried again, in milliseconds. */
  readonly webSocketRetryMs: number;
  /** Whether the server answers a request in HTTP. */
  doesHttpAnswer(): Promise<boolean>;
  /** An event stream has taken the place of WebSockets. */
  changed(): void;
}

/**
 * Chooses between a WebSocket and an event stream, which takes its place where something refuses WebSockets. That is
 * known only when HTTP is answered: a server that is away refuses both, and a WebSocket is the better one.
 */
export class TransportChoice {
  readonly #host: TransportChoiceHost;
  /** When event streams took over. */
  #streamsSince: number | undefined;
  #hasWorked = false;
  #isAsking = false;

  constructor(host: TransportChoiceHost) {
    this.#host = host;
  }

  /** What the next connection is made over. */
  next(): 'websocket' | 'sse' {
    const { clock, webSocketRetryMs } = this.#host;
    if (this.#streamsSince !== undefined && clock.now() - this.#streamsSince >= webSocketRetryMs) {
      this.#streamsSince = undefined;
    }
    this.#hasWorked = false;
    return this.#streamsSince === undefined ? 'websocket' : 'sse';
  }

  /** The present connection has brought a message. */
  worked(): void {
    this.#hasWorked = true;
  }

  /** The present connection has ended by itself: finds out whether an event stream would do better. */
  ended(): void {
    const host = this.#host;
    if (this.#hasWorked || this.#isAsking || this.#streamsSince !== undefined) return;
    this.#isAsking = true;
    void host.doesHttpAnswer().then((does) => {
      this.#isAsking = false;
      if (!does || this.#hasWorked) return;
      this.#streamsSince = host.clock.now();
      host.changed();
    });
  }
}
