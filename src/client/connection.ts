import { Buffer } from 'node:buffer';
import type { Socket, SocketDriver } from '../drivers/contract.ts';
import type { Outage } from './outage.ts';

/** What core hands to the callbacks of a connection. */
interface ConnectionEvent {
  target: SocketConnection;
}

/** Bytes and frames of one connection. */
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
  /** Where bytes and frames are counted, across connections. */
  traffic: Traffic;
  /** Told of a connection that ends by itself. */
  outage: Pick<Outage, 'failed' | 'ended'>;
  /** Called for a frame that is not JSON; the connection goes on. */
  onMalformed(cause: unknown): void;
}

let count = 0;

/**
 * Core's `Connection` over a socket of ours: the same members, callbacks and events as core's `WSConnection`. Unlike
 * that one it survives a frame that is not JSON, and can be dropped when the peer no longer answers.
 */
export class SocketConnection {
  readonly type = 'ws';
  readonly id: string = `ws_${count++}`;
  onopen: ((event: ConnectionEvent) => void) | null = null;
  onmessage: ((event: ConnectionEvent & { message: unknown }) => void) | null = null;
  onclose: ((event: ConnectionEvent & { code: number; reason: string }) => void) | null = null;
  onerror: ((event: ConnectionEvent & { cause: unknown }) => void) | null = null;
  /** Core's name for what is below; the same object. */
  readonly conn: Socket;
  readonly #traffic: Traffic;
  #closed: (() => void) | undefined;
  #closedHere = false;
  /** Resolves once the socket is gone. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.#closed = resolve;
  });

  constructor(options: ConnectionOptions) {
    this.#traffic = options.traffic;
    this.conn = options.driver.open(
      options.url,
      {
        open: () => this.onopen?.({ target: this }),
        message: (text) => this.#receive(text, options.onMalformed),
        error: (cause) => {
          options.outage.failed(cause);
          this.onerror?.({ target: this, cause });
        },
        close: (code, reason) => {
          this.#closed?.();
          if (!this.#closedHere) options.outage.ended(code, reason);
          this.onclose?.({ target: this, code, reason });
        },
      },
      { hold: options.hold },
    );
  }

  isOpen(): boolean {
    return this.conn.isOpen();
  }

  isConnecting(): boolean {
    return this.conn.isConnecting();
  }

  send(message: object): void {
    const text = JSON.stringify(message);
    this.#traffic.sentMessages++;
    this.#traffic.sentBytes += Buffer.byteLength(text);
    this.conn.send(text);
  }

  close(): void {
    this.#closedHere = true;
    this.conn.close();
  }

  /** Drops the connection without waiting for the peer. */
  terminate(): void {
    this.#closedHere = true;
    this.conn.terminate();
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
