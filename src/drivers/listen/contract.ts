/**
 * Serves HTTP and WebSockets on one port. One driver per runtime, on that runtime's own server.
 *
 * The returned promise resolves once connections are accepted, or rejects with an `InstantNodeError` of code `backend`
 * when the address cannot be bound; then nothing is left open.
 */
export type Listen = (options: ListenOptions) => Promise<Listener>;

/** What to serve, and where. */
export interface ListenOptions {
  /** The address to bind: an IP address or a host name. */
  host: string;
  /** The port to bind; 0 takes a free one. */
  port: number;
  /**
   * Answers every request that is not a WebSocket handshake. `ip` is the client's address, null where the runtime
   * cannot tell. Must not throw or reject. `whenAnswered` may be called until the returned promise settles.
   */
  fetch(request: Request, ip: string | null, whenAnswered: WhenAnswered): Promise<Response>;
  /**
   * Called once per WebSocket handshake, with the requested address and the sender. `undefined` refuses it with a 404,
   * a number with that status. Otherwise the function returned is called once when the peer is open, before any of its
   * messages; never, if the handshake fails.
   */
  upgrade(url: URL, sender: Sender): Accept | number | undefined;
  /**
   * The largest message accepted from a peer, in bytes. A larger one is not delivered, and the peer is closed with
   * 1009.
   */
  maxMessageBytes?: number;
  /** How the driver detects that a peer is gone. */
  liveness?: Liveness;
  /** How long a connection may keep the listener waiting. */
  patience?: Patience;
}

/**
 * Runs `work` once the answer to a request has been handed to the operating system, or cannot be any more because the
 * client has gone. Never before; `work` must not throw. For short answers: on Bun a stream counts as handed over when
 * it begins.
 */
export type WhenAnswered = (work: () => void) => void;

/** Where a handshake comes from. */
export interface Sender {
  /** The address of the peer, which may be a proxy; null where the runtime cannot tell. */
  readonly ip: string | null;
  /** The page's `Origin`, if a browser sent one. */
  readonly origin: string | null;
  /** The `Host` header as sent. */
  readonly host: string | null;
}

/** Takes an open peer and returns the handlers of its events. */
export type Accept = (peer: Peer) => PeerEvents;

/** The events of a peer. No handler may throw. */
export interface PeerEvents {
  /**
   * The largest message currently accepted from the peer, in bytes, if that is less than the listener's limit. A larger
   * one is not delivered, and the peer is closed with 1009. Node and Deno check while a message arrives, and buffer at
   * most this plus 128 KiB of it; Bun checks once the message is complete.
   */
  readonly maxMessageBytes?: number | undefined;
  /** One whole message, in order of arrival: text as a string, a binary message as bytes. */
  message(data: string | Uint8Array): void;
  /** The peer is gone, whichever side closed it and however. Called once; no message follows. */
  closed(): void;
}

/** One open WebSocket, from the server's side. */
export interface Peer {
  /**
   * Queues a text message. It arrives, however late the peer reads, or the peer is closed. No effect once the peer is
   * closing or gone.
   */
  send(text: string): void;
  /**
   * Starts the closing handshake; afterwards nothing from the peer is delivered except `closed`. No effect once the
   * peer is closing or gone. `reason` has at most 123 bytes.
   */
  close(code: number, reason: string): void;
  /** Bytes that are queued and not yet handed to the operating system. */
  readonly bufferedAmount: number;
}

/**
 * A ping is sent every `pingMs`; a peer that stayed completely silent for `unanswered` pings in a row is dropped when
 * the next one is due. Pings are counted, rather than time measured, so that a process that was suspended does not drop
 * everyone when it wakes up.
 */
export interface Liveness {
  pingMs: number;
  unanswered: number;
}

/**
 * How long a connection may keep the listener waiting, in milliseconds, before it is closed. Runtimes check every few
 * seconds. When a request is answered before its body was read, none of them waits for the rest indefinitely.
 */
export interface Patience {
  /**
   * From the start of a request, or of a new connection, until its headers are complete; this includes a handshake. Bun
   * uses a limit of its own, 10 s.
   */
  headersMs: number;
  /** From an answer to the next request. On Bun, answers of other types than JSON close the connection. */
  idleMs: number;
}

/** A running server. */
export interface Listener {
  /** The port that was bound. */
  readonly port: number;
  /**
   * Closes all peers with code 1001, then stops serving. Always resolves, within a few seconds at worst, whatever the
   * peers do; afterwards nothing of the listener keeps the process running. Repeatable.
   */
  close(): Promise<void>;
}

/** 64 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 64 * 1024 * 1024;

/** A ping every 5 s; dropped after 15 s of silence, as on Instant's servers. */
export const DEFAULT_LIVENESS: Liveness = { pingMs: 5_000, unanswered: 3 };

/** 20 s for the headers, and a minute between requests. */
export const DEFAULT_PATIENCE: Patience = { headersMs: 20_000, idleMs: 60_000 };

/** The reason given when a peer is closed with 1009. */
export const TOO_LARGE_REASON = 'Message is larger than this server accepts';
