import { Buffer } from 'node:buffer';
import { clearTimeout, setTimeout } from 'node:timers';
import type { HandshakeRefusal, Route, Socket, SocketDriver } from '../../drivers/contract.ts';
import type { FailedAttempts } from './failed-attempts.ts';

/** How long a closing handshake may take before the socket is dropped. */
export const CLOSE_GRACE_MS = 250;

/** What core hands to the callbacks of a connection. */
interface ConnectionEvent {
  target: SocketConnection;
}

/** Counts of bytes and frames. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
  sentMessages: number;
  receivedMessages: number;
}

/** What a connection needs from the database that opens it. */
export interface ConnectionOptions {
  url: string;
  driver: SocketDriver;
  /** Whether an open connection keeps the process running. */
  hold: boolean;
  /** The way to the server, where it is not the runtime's own. */
  route?: Route | undefined;
  /** Where bytes and frames are counted, across connections. */
  traffic: Traffic;
  /** Notified of connections that end by themselves. */
  attempts: Pick<FailedAttempts, 'failed' | 'ended' | 'couldNotSend'>;
  /** The peer has shown a sign of life that is not a message. */
  onAlive(): void;
  /** Called for a frame that is not JSON; the connection goes on. */
  onMalformed(cause: unknown): void;
}

let count = 0;

/**
 * Core's `Connection` over a socket of ours: the same members, callbacks and events as core's `WSConnection`. Unlike
 * core's, it survives a frame that is not JSON, can be dropped when the peer stops answering, and is over the moment it
 * is closed: `close()` itself calls `onclose`, once, and no event follows, while the socket takes its time over the
 * closing handshake.
 */
export class SocketConnection {
  readonly type = 'ws';
  /** As `db.connection` calls it. */
  readonly kind = 'websocket';
  readonly id: string = `ws_${count++}`;
  onopen: ((event: ConnectionEvent) => void) | null = null;
  onmessage: ((event: ConnectionEvent & { message: unknown }) => void) | null = null;
  onclose: ((event: ConnectionEvent & { code: number; reason: string; isOurs: boolean }) => void) | null =
    null;
  onerror: ((event: ConnectionEvent & { cause: unknown }) => void) | null = null;
  /** Core's name for the underlying socket. */
  readonly conn: Socket;
  readonly #traffic: Traffic;
  readonly #attempts: ConnectionOptions['attempts'];
  #isOver = false;
  #isClosedHere = false;
  #closed: (() => void) | undefined;
  /** Resolves once the socket is gone, which may be later than `onclose`. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.#closed = resolve;
  });

  constructor({ url, driver, hold, route, traffic, attempts, onAlive, onMalformed }: ConnectionOptions) {
    this.#traffic = traffic;
    this.#attempts = attempts;
    const events = {
      open: () => this.onopen?.({ target: this }),
      message: (text: string) => this.#receive(text, onMalformed),
      alive: onAlive,
      error: (cause: unknown, refusal?: HandshakeRefusal) => {
        attempts.failed(cause, refusal);
        this.onerror?.({ target: this, cause });
      },
      close: (code: number, reason: string) => {
        this.#closed?.();
        if (!this.#isOver && !this.#isClosedHere) attempts.ended(code, reason);
        this.#end(code, reason);
      },
    };
    this.conn = driver.open(url, events, { hold, route });
  }

  isOpen(): boolean {
    return !this.#isOver && this.conn.isOpen();
  }

  isConnecting(): boolean {
    return !this.#isOver && this.conn.isConnecting();
  }

  /** Never: nothing is posted. */
  isPosting(): boolean {
    return false;
  }

  receivedBytes(): number | undefined {
    return this.conn.receivedBytes();
  }

  bufferedBytes(): number {
    return this.conn.bufferedBytes();
  }

  send(message: object): void {
    const text = JSON.stringify(message);
    try {
      this.conn.send(text);
    } catch (cause) {
      this.#attempts.couldNotSend(cause);
      this.conn.terminate();
      this.#end(1006, '');
      return;
    }
    this.#traffic.sentMessages++;
    this.#traffic.sentBytes += Buffer.byteLength(text);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isClosedHere = true;
    this.conn.close();
    const timer = setTimeout(() => this.conn.terminate(), CLOSE_GRACE_MS);
    // A socket that holds the process lets the timer fire; without one there is nothing to drop.
    timer.unref();
    void this.closed.then(() => clearTimeout(timer));
    this.#end(1000, '');
  }

  /** Drops the connection without waiting for the peer. */
  terminate(): void {
    this.#isClosedHere = true;
    this.conn.terminate();
    this.#end(1006, '');
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onclose?.({ target: this, code, reason, isOurs: this.#isClosedHere });
  }

  #receive(text: string, onMalformed: (cause: unknown) => void): void {
    this.#traffic.receivedMessages++;
    this.#traffic.receivedBytes += Buffer.byteLength(text);
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch (cause) {
      onMalformed(cause);
      return;
    }
    this.onmessage?.({ target: this, message });
  }
}
