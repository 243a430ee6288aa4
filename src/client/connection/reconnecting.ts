import type { Timers } from '../timing/timers.ts';
import type { Transport } from './connector.ts';
import { SocketConnection } from './socket-connection.ts';

const MAX_DELAY_MS = 10_000;
/** How long after a refusal the server is asked for the session again. */
const ASK_AGAIN_MS = 30_000;

/** What {@link Reconnecting} needs to know and to do. */
export interface ReconnectingHost {
  readonly timers: Timers;
  /** The present connection. */
  transport(): Transport;
  /** Whether a socket has brought a message since the last was opened. */
  doSocketsWork(): boolean;
  isEventStream(): boolean;
  /** Has the next connection be an event stream. */
  fallBack(): void;
  /** After how long the next connection follows. */
  delayMs(): number;
  setDelayMs(ms: number): void;
  /** Whether the server refuses the session. */
  isRefused(): boolean;
  isOnline(): boolean;
  start(): void;
}

/** Connects again when a connection has ended. Core's timer for that is nobody's to stop. */
export class Reconnecting {
  readonly #host: ReconnectingHost;

  constructor(host: ReconnectingHost) {
    this.#host = host;
  }

  /** Connects again after the delay, unless that has happened before. */
  later(): void {
    const host = this.#host;
    const ended = host.transport();
    const isClosedHere = ended instanceof SocketConnection && ended.isClosedHere;
    // As core: a WebSocket that never worked gives way to SSE, where there is an EventSource for it.
    if (!host.doSocketsWork() && !host.isEventStream() && !isClosedHere) {
      host.fallBack();
      host.setDelayMs(0);
    }
    const delayMs = host.isRefused() ? ASK_AGAIN_MS : host.delayMs();
    host.timers.after(delayMs, () => {
      // Connected meanwhile, by a call for it.
      if (host.transport() !== ended) return;
      host.setDelayMs(Math.min(host.delayMs() + 1_000, MAX_DELAY_MS));
      if (host.isOnline()) host.start();
    });
  }
}
