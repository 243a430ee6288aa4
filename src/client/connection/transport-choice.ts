import type { Clock } from '../timing/clock.ts';

/** What a {@link TransportChoice} needs to know and to do. */
export interface TransportChoiceHost {
  readonly clock: Pick<Clock, 'now'>;
  /** How long an event stream is used before a WebSocket is tried again, in milliseconds. */
  readonly webSocketRetryMs: number;
  /** Whether the server answers a request in HTTP. */
  doesHttpAnswer(): Promise<boolean>;
  /** An event stream has taken the place of WebSockets. */
  changed(): void;
  /** The server was asked, and it is not so. */
  unchanged(): void;
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
    if (this.#streamsSince !== undefined && clock.now() - this.#streamsSince >= webSocketRetryMs) this.back();
    this.#hasWorked = false;
    return this.#streamsSince === undefined ? 'websocket' : 'sse';
  }

  /** A WebSocket was let through. */
  back(): void {
    this.#streamsSince = undefined;
    this.#hasWorked = false;
  }

  /** The present connection has brought a message. */
  worked(): void {
    this.#hasWorked = true;
  }

  /**
   * The present connection has ended by itself. Returns whether it is being found out if an event stream would do
   * better: `changed` or `unchanged` follows.
   */
  ended(): boolean {
    if (this.#hasWorked) return false;
    if (this.#streamsSince !== undefined) {
      // What was let through before is not any more: either may be the one that is now.
      this.back();
      return false;
    }
    if (!this.#isAsking) void this.#ask();
    return true;
  }

  async #ask(): Promise<void> {
    const host = this.#host;
    this.#isAsking = true;
    const does = await host.doesHttpAnswer();
    this.#isAsking = false;
    if (this.#hasWorked) return;
    if (!does) {
      host.unchanged();
      return;
    }
    this.#streamsSince = host.clock.now();
    host.changed();
  }
}
