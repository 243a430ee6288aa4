import type { Timers } from '../timing/timers.ts';
import type { Transport } from './connector.ts';
import { SocketConnection } from './socket-connection.ts';

const MAX_DELAY_MS = 10_000;
/** How long after a refusal the client asks for a session again. */
const ASK_AGAIN_MS = 30_000;

/** What {@link Reconnecting} needs to know and to do. */
export interface ReconnectingHost {
  readonly timers: Timers;
  /** The current connection. */
  transport(): Transport;
  /** Whether the last socket that was opened has received a message. */
  doSocketsWork(): boolean;
  isEventStream(): boolean;
  /** Makes the next connection an event stream. */
  fallBack(): void;
  /** The delay before the next connection. */
  delayMs(): number;
  setDelayMs(ms: number): void;
  /** Whether the server refuses the session. */
  isRefused(): boolean;
  isOnline(): boolean;
  start(): void;
}

/** Reconnects when a connection has ended. Core's own timer for that cannot be stopped. */
export class Reconnecting {
  readonly #host: ReconnectingHost;

  constructor(host: ReconnectingHost) {
    this.#host = host;
  }

  /** Reconnects after the delay, unless something else has by then. */
  later(): void {
    const host = this.#host;
    const ended = host.transport();
    const isClosedHere = ended instanceof SocketConnection && ended.isClosedHere;
    // As in core, a WebSocket that never worked gives way to SSE, if there is an EventSource.
    if (!host.doSocketsWork() && !host.isEventStream() && !isClosedHere) {
      host.fallBack();
      host.setDelayMs(0);
    }
    const delayMs = host.isRefused() ? ASK_AGAIN_MS : host.delayMs();
    host.timers.after(delayMs, () => {
      // Something has called for a connection meanwhile.
      if (host.transport() !== ended) return;
      host.setDelayMs(Math.min(host.delayMs() + 1_000, MAX_DELAY_MS));
      if (host.isOnline()) host.start();
    });
  }
}
