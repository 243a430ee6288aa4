import type { InstantNodeError } from '../errors.ts';

/**
 * What happens on a socket, told to whoever opened it. Each is called at most once, but `message`. Once the socket was told
 * to close, or dropped, nothing is told any more but `close`, whatever the peer still sends.
 */
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

/** Whose records a storage driver keeps: two scopes in one file, folder or server never meet. */
export interface StorageScope {
  /** The app's id. */
  readonly appId: string;
  /** The database's `instanceKey`. */
  readonly instanceKey: string;
}

/** What a driver is opened with. */
export interface StorageOptions {
  readonly scope: StorageScope;
  /** What to do when another process has the scope open: fail with code `storage-locked`, or wait until it lets go. */
  readonly whenLocked: 'fail' | 'wait';
  /** Whether open connections to a server may keep the process running. Timers never do. */
  readonly hold: boolean;
  /** Tells of what went wrong where no call could report it: a damaged record set aside, an outage. May be called within `open`. */
  report(error: InstantNodeError): void;
  /** Tells that another process has taken the scope over: nothing is written any more. Called at most once. */
  lost(error: InstantNodeError): void;
  /**
   * Tells that records which were acknowledged are gone, or older ones back in their place: a server was emptied, say, or
   * restored from a copy. Whoever has them in memory should write them again. Called after that was reported.
   */
  emptied(): void;
}

/** One change of a batch: a record to keep under a key, or with null a key to forget. */
export type StorageChange = readonly [key: string, record: string | null];

/** A record with its key. */
export type StorageEntry = readonly [key: string, record: string];

/** How much a batch should hold that could as well be several. */
export interface BatchLimit {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Where a database keeps what must outlive a moment: the signed-in user, pending writes, cached answers.
 *
 * A driver keeps records, each a text under a key, of one scope, for one process at a time. Keys are texts of the
 * characters `A-Z a-z 0-9 - _ % :`, as `joinKey` writes them; upper and lower case differ; they may be long. Records
 * are any text without halves of surrogate pairs.
 *
 * Every failure is an `InstantNodeError`, of code `storage` unless another is named.
 */
export interface StorageDriver {
  /** For messages and `stats()`. */
  readonly name: string;
  /** Whether what was kept is still there after the process ends. */
  readonly durable: boolean;
  /**
   * Beyond this much a batch keeps others waiting, or costs more than it is worth: whoever has records that do not depend
   * on each other cuts them. What is all or nothing is one batch, however large. Default: 16 MB, any number of records.
   */
  readonly maxBatch?: BatchLimit;
  /** The record under `key`, or null. Sees every `write` that was called before it. */
  get(key: string): Promise<string | null>;
  /**
   * Every record whose key begins with `prefix`, some at a time and in no particular order, for a driver that finds them
   * so at a lower cost than one by one. One that is written or forgotten meanwhile is given as it was, as it is, or not;
   * where the storage is rearranged meanwhile, one may be given twice.
   */
  entries?(prefix: string): AsyncIterable<readonly StorageEntry[]>;
  /**
   * Keeps all of `changes` or none of them, in the order given; a reader sees what was before or what comes after, never
   * a mix. A durable driver has them on disk, or acknowledged by its server, when the promise resolves. Batches take
   * effect in the order in which they were called. The driver does not hold on to `changes`.
   *
   * When it rejects, the changes are not there for this process; after a crash they may be, when the failure was one of
   * syncing or of a connection. A later batch that names the same keys settles that. Code `storage-locked` with outcome
   * `not-applied` says that whoever has the scope now does not find them either.
   */
  write(changes: readonly StorageChange[]): Promise<void>;
  /** Every key, in no particular order. */
  keys(): Promise<string[]>;
  /**
   * Leaves nothing of forgotten and replaced records in the driver's own files. Called once the records of a scope were
   * sealed, or sealed with another key; may take long. A driver that leaves nothing behind anyway has none.
   */
  scrub?(): Promise<void>;
  /** Waits for batches that were called, then releases files, connections and the scope. Calls that come later reject. Repeatable. */
  dispose(): Promise<void>;
}
