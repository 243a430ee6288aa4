/** What happens on a socket, told to whoever opened it. Each is called at most once, but `message`. */
export interface SocketEvents {
  /** The socket can send. */
  open(): void;
  /** A text frame arrived. A binary frame is given as the text that its bytes hold. */
  message(text: string): void;
  /** Something failed; `close` follows. `cause` is what the runtime said. */
  error(cause: unknown): void;
  /** The socket is gone; nothing else follows. `code` is 1006 where the runtime knows no better (Deno says 0). */
  close(code: number, reason: string): void;
}

/** An open or opening WebSocket, the same on every runtime. */
export interface Socket {
  /** Whether `send` would be taken. */
  isOpen(): boolean;
  /** Whether the handshake is still under way. */
  isConnecting(): boolean;
  /** Sends one text frame. Throws when the socket is not open. */
  send(text: string): void;
  /** Starts the closing handshake; `close` follows when the peer answered, which a dead one never does. */
  close(): void;
  /** Drops the connection without a handshake; `close` follows at once or within the tick. */
  terminate(): void;
}

/** How a runtime opens WebSockets. */
export interface SocketDriver {
  /** For `stats()` and messages. */
  readonly name: string;
  /**
   * Opens a socket. Never throws for a peer that refuses or is absent: that is `error`, then `close`.
   * With `hold` false the socket alone does not keep the process running.
   */
  open(url: string, events: SocketEvents, options: { hold: boolean }): Socket;
}

/** Tells whether the network is there, in core's shape. Static members: the class itself is handed over. */
export interface NetworkListenerClass {
  /** Resolves with the state now. Asked once, before the first connection. */
  getIsOnline(): Promise<boolean>;
  /** Calls `change` with each new state until the returned function is called. */
  listen(change: (isOnline: boolean) => void): (() => void) | undefined;
}

/**
 * Where a database keeps what must outlive a moment: the signed-in user, pending writes, cached answers.
 *
 * Keys are opaque: two different strings are two different keys, whatever they hold. Values are JSON values.
 */
export interface StorageDriver {
  /** For messages and `stats()`. */
  readonly name: string;
  /** Whether what was stored is still there after the process ends. */
  readonly durable: boolean;
  /** The value stored under `key`, or null. */
  getItem(key: string): Promise<unknown>;
  /**
   * Stores all of `entries` or none of them, in the order given; a reader sees the old values or the new, never a
   * mix. A durable driver has them on disk when the promise resolves. The driver does not keep `entries`.
   */
  setItems(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  /** Forgets `key`; a key that is not there is no error. */
  removeItem(key: string): Promise<void>;
  /** Every key that starts with `prefix`, in no particular order. */
  getKeys(prefix: string): Promise<string[]>;
  /** Releases files and handles. Calls that come later reject. Repeatable. */
  dispose(): Promise<void>;
}
