/** What a connection of `ioredis` has, documented and not, that matters to how it holds the process. */
export interface RedisConnection {
  readonly status: string;
  readonly stream?: { unref(): void; destroy(): void };
  readonly reconnectTimeout?: { unref?(): void } | null;
  readonly connector?: { connectToSentinel?(endpoint: object, options?: object): RedisConnection };
  duplicate?(...options: object[]): RedisConnection;
  on(event: string, listener: (...args: never[]) => void): unknown;
  disconnect(): void;
}

/**
 * Every connection that a client of `ioredis` makes: to the server or the nodes of a cluster, to each sentinel that it
 * asks, and to each node that it learns the slots from. `ioredis` ends the first alone, and lets the others run.
 */
export class RedisConnections {
  readonly #hold: boolean;
  readonly #open: Set<RedisConnection> = new Set();
  #hasEnded = false;

  /** `hold`: whether connections keep the process running. */
  constructor(hold: boolean) {
    this.#hold = hold;
  }

  /** Adds a connection, and whatever it makes. */
  add<Connection extends RedisConnection>(connection: Connection): Connection {
    this.#open.add(connection);
    connection.on('end', () => this.#open.delete(connection));
    connection.on('reconnecting', () => connection.reconnectTimeout?.unref?.());
    if (!this.#hold) connection.on('connect', () => connection.stream?.unref());
    this.#addMade(connection);
    if (this.#hasEnded) end(connection);
    return connection;
  }

  /** Cuts all, in the middle of whatever they do; the client makes new ones. */
  cut(): void {
    for (const { stream } of this.#open) stream?.destroy();
  }

  /** Ends all, and each that is made later. Repeatable. */
  end(): void {
    this.#hasEnded = true;
    for (const connection of [...this.#open]) end(connection);
  }

  #addMade(connection: RedisConnection): void {
    const { connector } = connection;
    const duplicate = connection.duplicate?.bind(connection);
    const ask = connector?.connectToSentinel?.bind(connector);
    if (duplicate) connection.duplicate = (...options) => this.add(duplicate(...options));
    if (connector && ask) {
      connector.connectToSentinel = (endpoint, options) =>
        this.add(ask(endpoint, { ...options, ...AT_ONCE }));
    }
  }
}

/**
 * `ioredis` waits, by a timer that holds the process, for a connection that it has ended to close: two seconds also where
 * it has closed long ago (seen in 5.11.1).
 */
export const AT_ONCE = { disconnectTimeout: 0 } as const;

function end(connection: RedisConnection): void {
  const { status } = connection;
  connection.disconnect();
  if (status !== 'end') connection.stream?.destroy();
}
