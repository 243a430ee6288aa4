import type { SocketDriver, Ways } from '../../drivers/contract.ts';
import type { Send } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';
import { EventStreamConnection } from './event-stream.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import type { SessionEnd } from './session-end.ts';
import { CLOSE_GRACE_MS, SocketConnection, type Traffic } from './socket-connection.ts';
import type { TransportChoice } from './transport-choice.ts';

/** A connection of either kind. */
export interface Transport {
  readonly kind: 'websocket' | 'sse' | undefined;
  isOpen(): boolean;
  isConnecting(): boolean;
  /** Whether a post of messages is under way. */
  isPosting(): boolean;
  /** Bytes that have arrived, those of unfinished messages included; undefined where that cannot be seen. */
  receivedBytes(): number | undefined;
  /** Bytes that wait for the operating system. */
  bufferedBytes(): number;
  close(): void;
  /** Drops it without waiting for the peer. */
  terminate(): void;
}

/** Stands in until there is a first connection. */
export const neverConnected: Transport = {
  kind: undefined,
  isOpen: () => false,
  isConnecting: () => false,
  isPosting: () => false,
  receivedBytes: () => 0,
  bufferedBytes: () => 0,
  close() {},
  terminate() {},
};

/** What follows the current connection. */
export interface ConnectionWatcher {
  opened(): void;
  received(message: unknown): void;
  alive(): void;
  ended(end: SessionEnd): void;
}

/** What both kinds of connection call. */
interface Callbacks {
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { message: unknown }) => void) | null;
  onclose: ((event: Partial<SessionEnd>) => void) | null;
}

/** What a {@link Connector} needs to know and to do. */
export interface ConnectorHost {
  readonly driver: SocketDriver;
  readonly ways: Ways;
  /** This database's `fetch`. */
  readonly send: Send;
  /** Whether an open connection keeps the process running. */
  readonly keepAlive: boolean;
  readonly attempts: FailedAttempts;
  readonly choice: TransportChoice;
  watcher(): ConnectionWatcher;
  socketUrl(): string;
  eventStreamUrl(): string;
  /** The class of event streams. */
  eventSource(): unknown;
  /** The current connection. */
  transport(): Transport;
  /** Makes `made` the current connection, with core's callbacks. */
  attach(made: SocketConnection | EventStreamConnection): void;
  report(error: InstantNodeError): void;
}

/** Opens connections. Core would open the runtime's global WebSocket, which Node 20 lacks. */
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

  /** Opens a connection in place of the current one, or puts one there that was opened beside it. */
  open(beside?: SocketConnection): void {
    const host = this.#host;
    const previous = host.transport();
    host.attempts.connecting();
    const made = beside ?? (host.choice.next() === 'sse' ? this.#openEventStream() : this.#openSocket());
    host.attach(made);
    this.#watch(made);
    this.#count++;
    if (previous.isOpen()) previous.close();
    if (!beside) return;
    host.choice.back();
    // As of any other, one learns later that it is open.
    queueMicrotask(() => {
      if (beside.isOpen()) beside.onopen?.({ target: beside });
    });
  }

  /** Opens a WebSocket beside the current connection. Nothing else of it is told until it is the current one. */
  openBeside({ opened, ended }: { opened(): void; ended(): void }): SocketConnection {
    const { attempts, transport } = this.#host;
    const isCurrent = (): boolean => transport() === (made as unknown);
    const made: SocketConnection = this.#openSocket({
      failed: (cause, refusal) => isCurrent() && attempts.failed(cause, refusal),
      ended: (code, reason) => isCurrent() && attempts.ended(code, reason),
      couldNotSend: (cause) => isCurrent() && attempts.couldNotSend(cause),
    });
    made.onopen = opened;
    made.onclose = ended;
    return made;
  }

  /** Returns a function that gives the sockets open now a moment to close, and then drops those that are left. */
  ending(): () => Promise<void> {
    const open = [...this.#open];
    return async () => {
      await waitAtMost(CLOSE_GRACE_MS, Promise.all(open.map((connection) => connection.closed)));
      for (const connection of this.#open) connection.terminate();
    };
  }

  /** Tells the watcher of what happens, before core learns of it, while the connection is the current one. */
  #watch(connection: SocketConnection | EventStreamConnection): void {
    const { transport, watcher } = this.#host;
    const made = connection as unknown as Callbacks;
    const isCurrent = (): boolean => transport() === (made as unknown);
    const core = { ...made };
    made.onopen = (event) => {
      if (isCurrent()) watcher().opened();
      core.onopen?.(event);
    };
    made.onmessage = (event) => {
      if (isCurrent()) watcher().received(event.message);
      core.onmessage?.(event);
    };
    made.onclose = (event) => {
      const { code = 1006, reason = '', isOurs = false } = event;
      if (isCurrent()) watcher().ended({ code, reason, isOurs });
      core.onclose?.(event);
    };
  }

  #openEventStream(): EventStreamConnection {
    const { send, keepAlive, attempts, watcher } = this.#host;
    return this.#opened(
      new EventStreamConnection({
        url: this.#host.eventStreamUrl(),
        EventSource: this.#host.eventSource(),
        ...{ send, attempts },
        hold: keepAlive,
        traffic: this.traffic,
        alive: () => watcher().alive(),
        onMalformed: (cause) => this.#notJson(cause),
      }),
    );
  }

  #openSocket(
    attempts: Pick<FailedAttempts, 'failed' | 'ended' | 'couldNotSend'> = this.#host.attempts,
  ): SocketConnection {
    const { driver, ways, keepAlive, watcher, transport } = this.#host;
    const url = this.#host.socketUrl();
    const made: SocketConnection = new SocketConnection({
      ...{ url, driver, attempts },
      route: ways.areOwn ? ways.to(url) : undefined,
      hold: keepAlive,
      traffic: this.traffic,
      onAlive: () => {
        if (transport() === (made as unknown)) watcher().alive();
      },
      onMalformed: (cause) => this.#notJson(cause),
    });
    return this.#opened(made);
  }

  #opened<Made extends SocketConnection | EventStreamConnection>(made: Made): Made {
    this.#open.add(made);
    void made.closed.then(() => this.#open.delete(made));
    return made;
  }

  #notJson(cause: unknown): void {
    const message = 'Ignored what the server sent: a frame is not JSON';
    this.#host.report(new InstantNodeError('protocol', message, { cause }));
  }
}
