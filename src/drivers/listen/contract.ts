/**
 * Serves HTTP and WebSockets on one port. One driver per runtime, on that runtime's own server.
 *
 * The returned promise settles once connections are accepted, or rejects with an `InstantNodeError` of code
 * `backend` when the address cannot be had; then nothing is left open.
 */
export type Listen = (options: ListenOptions) => Promise<Listener>;

/** What a listener serves, and where. */
export interface ListenOptions {
  /** The address to bind: an IP address or a host name. */
  host: string;
  /** The port to bind; 0 takes a free one. */
  port: number;
  /**
   * Answers every request that is not a WebSocket handshake. `ip` is the address it comes from, null where the runtime
   * cannot tell. Must not throw or reject. `whenAnswered` may be called for as long as this is at work.
   */
  fetch(request: Request, ip: string | null, whenAnswered: WhenAnswered): Promise<Response>;
  /**
   * Asked once per WebSocket handshake, with the address that was requested and where it comes from. `undefined`
   * refuses it with a 404, a number with that status. Else the function is called when the peer is open, once, before
   * any of its messages; never, when the handshake comes to nothing.
   */
  upgrade(url: URL, sender: Sender): Accept | number | undefined;
  /**
   * The largest message taken from a peer, in bytes. A longer one is not delivered; the peer is closed with 1009.
   */
  maxMessageBytes?: number;
  /** How the driver finds out that a peer is gone. */
  liveness?: Liveness;
  /** For how long a connection may keep the listener waiting. */
  patience?: Patience;
}

/**
 * Has something done when the answer to a request has been handed to the operating system, or cannot be any more, because
 * the client has gone. Never before; `work` must not throw. For short answers: on Bun a stream counts as handed over
 * when it begins.
 */
export type WhenAnswered = (work: () => void) => void;

/** Where a handshake comes from. */
export interface Sender {
  /** The address of the other side, which may be a proxy; null where the runtime cannot tell. */
  readonly ip: string | null;
  /** The `Origin` of the page, where a browser sends one. */
  readonly origin: string | null;
  /** The `Host` that it was sent to, as it was written. */
  readonly host: string | null;
}

/** Takes an open peer, and says what to do with what comes from it. */
export type Accept = (peer: Peer) => PeerEvents;

/** What comes from a peer. None of these may throw. */
export interface PeerEvents {
  /**
   * The largest message that is taken from the peer as things stand, in bytes, where that is less than the listener
   * takes. A larger one is not delivered, and the peer is closed with 1009. Node and Deno look while a message arrives,
   * and collect no more of it than this and 128 KiB; Bun looks when it is there as a whole.
   */
  readonly maxMessageBytes?: number | undefined;
  /** One whole message, in the order of arrival: text as a string, a binary message as bytes. */
  message(data: string | Uint8Array): void;
  /** The peer is gone, whoever closed it and however. Called once; no message follows. */
  closed(): void;
}

/** One open WebSocket, seen from the server. */
export interface Peer {
  /**
   * Queues a text message. It arrives, however late the peer reads, or the peer is closed. Without effect once the peer
   * is closing or gone.
   */
  send(text: string): void;
  /**
   * Starts the closing handshake; nothing that the peer still says is delivered, but its end. Without effect once the
   * peer is closing or gone. `reason` has at most 123 bytes.
   */
  close(code: number, reason: string): void;
  /** Bytes that were queued and are not yet handed to the operating system. */
  readonly bufferedAmount: number;
}

/**
 * A ping goes out every `pingMs`; a peer from which nothing at all was heard for `unanswered` pings in a row is dropped
 * when the next one is due. Counted in pings rather than read from a clock, so that a process that was stopped for
 * a while does not drop everybody when it wakes up.
 */
export interface Liveness {
  pingMs: number;
  unanswered: number;
}

/**
 * For how long a connection may keep the listener waiting, in milliseconds; then it is ended. Runtimes look every
 * few seconds. The rest of a body that was not read when its request is answered is waited for by none of them.
 */
export interface Patience {
  /**
   * Until the head of a request, which a handshake is too, is there as a whole, from its beginning; on a new
   * connection from the connection on. Bun has a limit of its own, which is 10 s.
   */
  headersMs: number;
  /** Until the next request begins, after an answer. On Bun answers of other types than JSON end the connection. */
  idleMs: number;
}

/** A server that is up. */
export interface Listener {
  /** The port that was bound. */
  readonly port: number;
  /**
   * Ends all peers with code 1001, then stops serving. Always resolves, within a few seconds at worst, whatever the
   * peers do; nothing of the listener holds the process afterwards. Repeatable.
   */
  close(): Promise<void>;
}

/** 64 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 64 * 1024 * 1024;

/** A ping every 5 s; dropped after 15 s of silence. What an Instant server does. */
export const DEFAULT_LIVENESS: Liveness = { pingMs: 5_000, unanswered: 3 };

/** 20 s for a head, and a minute between requests. */
export const DEFAULT_PATIENCE: Patience = { headersMs: 20_000, idleMs: 60_000 };

/** Why a peer is closed with 1009. */
export const TOO_LARGE_REASON = 'Message is larger than this server accepts';
