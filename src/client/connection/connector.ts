import type { SocketDriver, Ways } from '../../drivers/contract.ts';
import type { Send } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';
import { EventStreamConnection } from './event-stream.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import { CLOSE_GRACE_MS, SocketConnection, type Traffic } from './socket-connection.ts';

/** A connection of either kind. */
export interface Transport {
  isOpen(): boolean;
  isConnecting(): boolean;
  close(): void;
}

/** Stands in until there is a first connection. */
export const neverConnected: Transport = { isOpen: () => false, isConnecting: () => false, close() {} };

/** What a {@link Connector} needs to know and to do. */
export interface ConnectorHost {
  readonly driver: SocketDriver;
  readonly ways: Ways;
  /** This database's `fetch`. */
  readonly send: Send;
  /** Whether an open connection keeps the process running. */
  readonly keepAlive: boolean;
  readonly attempts: FailedAttempts;
  socketUrl(): string;
  eventStreamUrl(): string;
  /** The class of event streams, when the next connection is to use one. */
  eventSource(): unknown;
  /** The current connection. */
  transport(): Transport;
  /** Makes `made` the current connection. */
  attach(made: SocketConnection | EventStreamConnection): void;
  isOnline(): boolean;
  isShutdown(): boolean;
  /** Lets the next connection follow at once. */
  resetDelay(): void;
  setStatus(status: 'closed' | 'connecting'): void;
  isClosed(): boolean;
  /** Opens the next connection, by way of core. */
  start(): void;
  report(error: InstantNodeError): void;
}

/**
 * Opens connections. Core would open the runtime's global WebSocket, which Node 20 lacks and which cannot be unref'd on
 * the others. Told that there is no network, it would also connect once, and then read but not write.
 */
export class Connector {
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  readonly #host: ConnectorHost;
  readonly #open: Set<SocketConnection | EventStreamConnection> = new Set();
  #count = 0;

  constructor(host: ConnectorHost) {
    this.#host = host;
  }

  /** How many connections have been opened so far. */
  get connections(): number {
    return this.#count;
  }

  /** Opens a connection in place of the current one, unless that is still being opened. */
  open(): void {
    const host = this.#host;
    const previous = host.transport();
    if (host.isShutdown() || previous.isConnecting()) return;
    if (!host.isOnline()) {
      host.setStatus('closed');
      return;
    }
    const EventSource = host.eventSource();
    host.attach(EventSource === undefined ? this.#openSocket() : this.#openEventStream(EventSource));
    this.#count++;
    if (previous.isOpen()) previous.close();
  }

  /** Connects now instead of after the delay. */
  connectNow(): void {
    const host = this.#host;
    if (host.transport().isOpen() || !host.isOnline()) return;
    host.resetDelay();
    host.start();
  }

  /** Ends the session and begins another, which gets all attributes again. */
  renew(): void {
    const host = this.#host;
    host.transport().close();
    this.connectNow();
    // Otherwise users would take it for an outage.
    if (host.isClosed() && !host.isShutdown() && host.isOnline()) host.setStatus('connecting');
  }

  /** Drops a connection on which the server owes an answer and has been silent for `ms`. */
  dropSilent(ms: number): void {
    const seconds = Math.round(ms / 1_000);
    this.#host.report(
      new InstantNodeError(
        'connection-failed',
        `Renewing the connection: no answer to a transaction for ${seconds} s`,
      ),
    );
    const transport = this.#host.transport();
    if ('terminate' in transport && typeof transport.terminate === 'function') transport.terminate();
    else transport.close();
  }

  /** Returns a function that gives the sockets open now a moment to close, and then drops those that are left. */
  ending(): () => Promise<void> {
    const open = [...this.#open];
    return async () => {
      await waitAtMost(CLOSE_GRACE_MS, Promise.all(open.map((connection) => connection.closed)));
      for (const connection of this.#open) connection.terminate();
    };
  }

  #openEventStream(EventSource: unknown): EventStreamConnection {
    const { send, keepAlive, attempts } = this.#host;
    return this.#opened(
      new EventStreamConnection({
        url: this.#host.eventStreamUrl(),
        ...{ send, EventSource, attempts },
        hold: keepAlive,
        traffic: this.traffic,
        onMalformed: (cause) => this.#notJson(cause),
      }),
    );
  }

  #openSocket(): SocketConnection {
    const { driver, ways, keepAlive, attempts } = this.#host;
    const url = this.#host.socketUrl();
    return this.#opened(
      new SocketConnection({
        ...{ url, driver, attempts },
        route: ways.areOwn ? ways.to(url) : undefined,
        hold: keepAlive,
        traffic: this.traffic,
        onMalformed: (cause) => this.#notJson(cause),
      }),
    );
  }

  #opened<Made extends SocketConnection | EventStreamConnection>(made: Made): Made {
    this.#host.attempts.connecting();
    this.#open.add(made);
    void made.closed.then(() => this.#open.delete(made));
    return made;
  }

  #notJson(cause: unknown): void {
    const message = 'Ignored what the server sent: a frame is not JSON';
    this.#host.report(new InstantNodeError('protocol', message, { cause }));
  }
}
