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
   * cannot tell. Must not throw or reject.
   */
  fetch(request: Request, ip: string | null): Promise<Response>;
  /**
   * Asked once per WebSocket handshake, with the address that was requested and where it comes from. `undefined`
   * refuses it with a 404. Else the function is called when the peer is open, once, before any of its messages.
   */
  upgrade(url: URL, sender: Sender): Accept | undefined;
  /**
   * The largest message taken from a peer, in bytes. A longer one is not delivered; the peer is closed with 1009. On
   * Deno a message above 64 MiB is refused by the runtime itself, which then closes without a code.
   */
  maxMessageBytes?: number;
  /** How the driver finds out that a peer is gone. */
  liveness?: Liveness;
}

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
  /** Starts the closing handshake. Without effect once the peer is closing or gone. `reason` has at most 123 bytes. */
  close(code: number, reason: string): void;
  /** Bytes that were queued and are not yet handed to the operating system. */
  readonly bufferedAmount: number;
}

/**
 * A ping goes out every `pingMs`; a peer from which nothing at all was heard for `unanswered` pings in a row is dropped
 * when the next one is due. Counted in pings rather than read from a clock, so that a process that was stopped for
 * a while does not drop everybody when it wakes up.
 *
 * Deno has no call that sends a ping. There the runtime pings by itself, halfway through a silence of
 * `pingMs * unanswered`, and closes at its end.
 */
export interface Liveness {
  pingMs: number;
  unanswered: number;
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

/** Why a peer is closed with 1009. */
export const TOO_LARGE_REASON = 'Message is larger than this server accepts';
