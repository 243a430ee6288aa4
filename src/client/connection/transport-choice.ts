import type { Clock } from '../timing/clock.ts';

/** What a {@link TransportChoice} needs to know. */
export interface TransportChoiceHost {
  readonly clock: Pick<Clock, 'now'>;
  /** How long an event stream is used before a WebSocket is tried again. */
  readonly webSocketRetryMs: number;
  /** Whether there is a class of event streams. */
  canStream(): boolean;
}

/** Chooses between a WebSocket and an event stream, which takes its place where something refuses WebSockets. */
export class TransportChoice {
  readonly #host: TransportChoiceHost;
  /** When event streams took over. */
  #streamsSince: number | undefined;
  #hasWorked = false;

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

  /** The present connection has ended by itself. Returns whether an event stream should take its place at once. */
  ended(): boolean {
    if (this.#hasWorked || this.#streamsSince !== undefined || !this.#host.canStream()) return false;
    this.#streamsSince = this.#host.clock.now();
    return true;
  }
}
