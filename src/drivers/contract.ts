import type { Agent } from 'node:http';
import type { InstantNodeError } from '../errors.ts';

/**
 * The events of a socket, for the code that opened it. Each is called at most once, except `message`. After the socket
 * was told to close, or was dropped, only `close` still follows, whatever the peer sends.
 */
export interface SocketEvents {
  /** The socket can send. */
  open(): void;
  /** A text frame arrived. A binary frame is decoded as text. */
  message(text: string): void;
  /** The peer has shown a sign of life that is not a message: a ping, or the answer to one. */
  alive?(): void;
  /**
   * Something failed; `close` follows. `cause` is what the runtime reported. `refusal` is the answer of a peer that
   * speaks HTTP and refused the WebSocket, where the runtime shows it.
   */
  error(cause: unknown, refusal?: HandshakeRefusal): void;
  /** The socket is gone; nothing else follows. `code` is 1006 if the runtime knows no better one (Deno says 0). */
  close(code: number, reason: string): void;
}

/** How an HTTP server refused to open a WebSocket. */
export interface HandshakeRefusal {
  /** The HTTP status. */
  readonly status: number;
  /** For how long it asks to be left alone, in milliseconds (`Retry-After`); undefined if it does not. */
  readonly retryAfterMs: number | undefined;
}

/** The members of a WebSocket class, the standard's, that are needed to use it. */
export type WebSocketClass = new (url: string) => object;

/** An open or opening WebSocket, the same on every runtime. */
export interface Socket {
  /** Whether `send` would be accepted. */
  isOpen(): boolean;
  /** Whether the handshake is still under way. */
  isConnecting(): boolean;
  /** Sends one text frame. Throws when the socket is not open. */
  send(text: string): void;
  /** How many bytes were handed to `send` that the operating system has not taken yet. */
  bufferedBytes(): number;
  /** How many bytes have arrived, those of unfinished messages included; undefined where the runtime does not say. */
  receivedBytes(): number | undefined;
  /** Starts the closing handshake; `close` follows once the peer has answered, which a dead one never does. */
  close(): void;
  /** Drops the connection without a handshake; `close` follows at once or within the tick. */
  terminate(): void;
}

/** Certificates and keys in PEM. */
export interface TlsSettings {
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** A proxy on the way to a server. */
export interface ProxyServer {
  /** Its address without user and password: what may be shown. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`; undefined when there is no user. Secret. */
  readonly authorization: string | undefined;
  /** Whom to trust as this proxy, where it is reached by TLS itself; undefined for whom the runtime trusts. */
  readonly ca?: TlsSettings['ca'];
}

/** How one address is reached. Holds secrets, so it is never kept where it could be printed. */
export interface Route {
  /** The headers that the server is sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  /** Undefined when there is none on this way. */
  readonly proxy: ProxyServer | undefined;
  /** Makes the connections of requests that begin as HTTP, handshakes of WebSockets among them. */
  readonly agent: Agent;
}

/** What the ways of a database are made from. */
export interface WaysOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A URL, `false` for none at all, undefined for what the environment says. */
  readonly proxy?: string | false | undefined;
  readonly tls?: TlsSettings | undefined;
  /** The addresses of the server. Headers and TLS settings are for these alone. */
  readonly servers: readonly string[];
}

/** How a database reaches its server, and the addresses that the server names. */
export interface Ways {
  /** Whether they are more than what the runtime does by itself: something was asked for, or there may be a proxy. */
  readonly areOwn: boolean;
  /** Whether the environment names a proxy, for whatever address. */
  readonly isProxyNamed: boolean;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
  /** The way to an address of HTTP or of WebSockets. */
  to(url: string): Route;
}

/** How a socket is opened. */
export interface SocketOptions {
  /** When false, the socket alone does not keep the process running. */
  readonly hold: boolean;
  /** The way to the server, where it is not the runtime's own. */
  readonly route?: Route | undefined;
}

/** How a runtime opens WebSockets. */
export interface SocketDriver {
  /** For `stats()` and messages. */
  readonly name: string;
  /** Whether its sockets can only go the runtime's own way: they take neither headers, nor a proxy, nor certificates. */
  readonly isPlain?: boolean;
  /** Opens a socket. Never throws because a peer refuses or is absent: that is `error`, then `close`. */
  open(url: string, events: SocketEvents, options: SocketOptions): Socket;
}

/**
 * Reports whether the network is up, in the shape that core expects. The members are static, because core is given the
 * class itself.
 *
 * Whatever it does, the database goes on: it connects when there is no first answer within two seconds, or none that is
 * a boolean, and reports that through `subscribeErrors`.
 */
export interface NetworkListenerClass {
  /** Resolves with the current state. Called once, before the first connection. */
  getIsOnline(): Promise<boolean>;
  /**
   * Calls `change` with each new state until the returned function is called. It may call it with the same state again,
   * at once or too late: that changes nothing.
   */
  listen(change: (isOnline: boolean) => void): (() => void) | undefined;
}

/** A network listener as one database holds it. */
export interface NetworkLease extends NetworkListenerClass {
  /** Why the network was taken for gone when it was last; undefined where nothing is known of that. */
  whyOffline?(): InstantNodeError | undefined;
  /** The database is closed: nothing is told any more, and what it alone has used ends. Repeatable. */
  release(): void;
}

/** Whose records a storage driver holds. Scopes never see each other's records, even in one file or server. */
export interface StorageScope {
  /** The app's id. */
  readonly appId: string;
  /** The database's `instanceKey`. */
  readonly instanceKey: string;
}

/** The options that a driver is opened with. */
export interface StorageOptions {
  readonly scope: StorageScope;
  /** What to do when another process has the scope: fail with code `storage-locked`, or wait until it is released. */
  readonly whenLocked: 'fail' | 'wait';
  /** Whether open connections to a server may keep the process running. Timers never do. */
  readonly hold: boolean;
  /**
   * Reports a problem that no call could report: a damaged record that was quarantined, an outage. May be called during
   * `open`.
   */
  report(error: InstantNodeError): void;
  /** Another process has taken the scope over: nothing is written any more. Called at most once. */
  lost(error: InstantNodeError): void;
  /**
   * Acknowledged records are gone, or older ones are back in their place: a server was emptied, say, or restored from a
   * backup. Anyone who still has the records in memory should write them again. Called after `report` was.
   */
  emptied(): void;
}

/** One change of a batch: a record to store under a key, or null to delete the key. */
export type StorageChange = readonly [key: string, record: string | null];

/** A record with its key. */
export type StorageEntry = readonly [key: string, record: string];

/** The size at which a batch that need not be atomic should be split. */
export interface BatchLimit {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Where a database persists its state: the signed-in user, pending writes, cached answers.
 *
 * A driver stores the records of one scope, each a text under a key, for one process at a time. Keys are texts of the
 * characters `A-Z a-z 0-9 - _ % :`, as `joinKey` writes them; they are case-sensitive, and may be long. Records are any
 * text without lone surrogates.
 *
 * Every failure is an `InstantNodeError`, of code `storage` unless another is named.
 */
export interface StorageDriver {
  /** For messages and `stats()`. */
  readonly name: string;
  /** Whether stored records outlive the process. */
  readonly durable: boolean;
  /**
   * A larger batch would hold up others, or cost more than it is worth: records that do not depend on each other should
   * be split into batches of at most this size. A batch that must be atomic stays whole, however large. Default: 16 MB,
   * any number of records.
   */
  readonly maxBatch?: BatchLimit;
  /** The record under `key`, or null. Sees every `write` that was called before it. */
  get(key: string): Promise<string | null>;
  /**
   * Every record whose key begins with `prefix`, in chunks and in no particular order, for a driver that can read them
   * this way more cheaply than one by one. A record that is written or deleted meanwhile is returned in its old state,
   * in its new one, or not at all; one may be returned twice if the storage is rearranged meanwhile.
   */
  entries?(prefix: string): AsyncIterable<readonly StorageEntry[]>;
  /**
   * Stores all of `changes` or none of them, in the order given; a reader sees the state before or after, never a mix.
   * With a durable driver they are on disk, or acknowledged by its server, when the promise resolves. Batches take
   * effect in the order in which they were called. The driver does not retain `changes`.
   *
   * When it rejects, this process does not see the changes; after a crash they may be there, if what failed was a sync
   * or a connection. A later batch with the same keys settles that. Code `storage-locked` with outcome `not-applied`
   * promises that the scope's new owner does not find them either.
   */
  write(changes: readonly StorageChange[]): Promise<void>;
  /** Every key, in no particular order. */
  keys(): Promise<string[]>;
  /**
   * Removes all traces of deleted and replaced records from the driver's own files. Called after the records of a scope
   * were sealed, or sealed with another key; may take long. A driver that leaves no traces anyway omits it.
   */
  scrub?(): Promise<void>;
  /**
   * Waits for the batches already called, then releases files, connections and the scope. Later calls reject.
   * Repeatable.
   */
  dispose(): Promise<void>;
}
