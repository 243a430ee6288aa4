import type { WebSocketClass } from '../../drivers/contract.ts';

/** How a database connects to its server: the option `connection` of {@link init}. */
export interface ConnectionConfig {
  /** How long a connection may take to open, in milliseconds; then it is dropped and tried again. Default 10,000. */
  connectTimeoutMs?: number;
  /** How long the server may take to accept or refuse a session, in milliseconds. Default 10,000. */
  initTimeoutMs?: number;
  /**
   * After how long without a sign of life the server is asked for one, in milliseconds. Default 15,000. Together with
   * `probeTimeoutMs` the longest time for which a dead peer goes unnoticed.
   */
  silenceMs?: number;
  /** How long the server may take to answer that, in milliseconds; then the connection is renewed. Default 10,000. */
  probeTimeoutMs?: number;
  /** The first try after a connection was lost follows at random within this time, in milliseconds. Default 250. */
  firstRetryMs?: number;
  /** That time doubles with each further try, up to this many milliseconds. Default 30,000. */
  maxRetryMs?: number;
  /** How long a session must have been open for the next try to count as a first one again. Default 30,000 ms. */
  stableMs?: number;
  /** How many databases of the process may open a session on one host at the same time. Default 20. */
  maxConnecting?: number;
  /** How many connections to one host the process opens in a second at most. Default 500. */
  maxConnectsPerSecond?: number;
  /** How long after falling back to an event stream a WebSocket is tried again, in milliseconds. Default 300,000. */
  webSocketRetryMs?: number;
  /**
   * The longest message that the server takes, in bytes of UTF-8. A longer write is rejected with code
   * `message-too-large` instead of being sent. By default nothing is assumed: what a server refuses, it says.
   */
  maxMessageBytes?: number;
  /** How many writes may wait for the server. Default 500,000. */
  maxPendingWrites?: number;
  /** How many bytes the steps of all waiting writes may have, as JSON. Default 536,870,912 (512 MiB). */
  maxPendingBytes?: number;
  /**
   * What `transact` does beyond those two limits: `'reject'` (default) rejects with code `queue-full`; `'wait'` waits
   * until there is room. Writes that the storage kept are always loaded.
   */
  whenQueueFull?: 'reject' | 'wait';
  /**
   * HTTP headers for everything that this database sends to its server: handshakes, calls, event streams. Those that a
   * call needs itself, such as `authorization` for files, win. Never logged.
   */
  headers?: Readonly<Record<string, string>>;
  /**
   * The proxy to go through: a URL (`http://user:password@host:port`, or `https:`), `false` for none. By default the
   * environment's `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` decide, as they are at `init`; a loopback
   * address is always reached directly. The password is never logged.
   */
  proxy?: string | false;
  /** What to trust and to show when connecting by TLS to a server with a certificate of its own. */
  tls?: ConnectionTls;
  /**
   * The class of WebSockets: `'native'` for the runtime's own, or one with the standard's members. Default: that of the
   * package `ws`, which shows what the runtimes' do not: pings, and bytes of a message that has not arrived in full.
   * Only `ws` and Bun's own can go through a proxy or take `headers` and `tls`: with another, `init` throws.
   */
  WebSocket?: 'native' | WebSocketClass;
}

/** Certificates and keys in PEM. */
export interface ConnectionTls {
  /** Certificate authorities to trust instead of the runtime's: for the server, and for a proxy reached by TLS. */
  ca?: string | readonly string[];
  /** A certificate to show to the server. */
  cert?: string;
  /** Its private key. Never logged. */
  key?: string;
  /** The name that the server's certificate must have. Default: the host's. */
  servername?: string;
  /** Whether to refuse a certificate that is not trusted. Default true. */
  rejectUnauthorized?: boolean;
}

/** The numbers among them, each with its default. */
export const connectionDefaults = {
  connectTimeoutMs: 10_000,
  initTimeoutMs: 10_000,
  silenceMs: 15_000,
  probeTimeoutMs: 10_000,
  firstRetryMs: 250,
  maxRetryMs: 30_000,
  stableMs: 30_000,
  maxConnecting: 20,
  maxConnectsPerSecond: 500,
  webSocketRetryMs: 300_000,
  maxPendingWrites: 500_000,
  maxPendingBytes: 512 * 1_024 * 1_024,
} satisfies ConnectionConfig;

/** What {@link ConnectionConfig} becomes: every number is there. */
export type ResolvedConnection = Required<Pick<ConnectionConfig, keyof typeof connectionDefaults>> & {
  readonly whenQueueFull: 'reject' | 'wait';
  readonly maxMessageBytes: number | undefined;
} & Pick<ConnectionConfig, 'headers' | 'proxy' | 'tls' | 'WebSocket'>;
