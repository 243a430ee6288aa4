/** The members of an `ioredis` connection, documented or not, that decide whether it keeps the process running. */
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
 * Every connection that an `ioredis` client makes: to the server or the nodes of a cluster, to each sentinel that it
 * asks, and to each node that it learns the slots from. `ioredis` closes only the first kind, and leaves the others
 * open.
 */
export class RedisConnections {
  readonly #hold: boolean;
  readonly #open: Set<RedisConnection> = new Set();
  #hasEnded = false;

  /** `hold`: whether connections keep the process running. */
  constructor(hold: boolean) {
    this.#hold = hold;
  }

  /** Adds a connection, and every one that it creates. */
  add<Connection extends RedisConnection>(connection: Connection): Connection {
    this.#open.add(connection);
    connection.on('end', () => this.#open.delete(connection));
    connection.on('reconnecting', () => connection.reconnectTimeout?.unref?.());
    if (!this.#hold) connection.on('connect', () => connection.stream?.unref());
    this.#addMade(connection);
    if (this.#hasEnded) end(connection);
    return connection;
  }

  /** Cuts all connections, whatever they are doing; the client reconnects. */
  cut(): void {
    for (const { stream } of this.#open) stream?.destroy();
  }

  /** Closes all connections, and every one that is made later. Repeatable. */
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
 * For a connection that it has ended, `ioredis` waits until it is closed, with a timer that keeps the process running:
 * for two seconds even if it was closed long ago (seen in 5.11.1).
 */
export const AT_ONCE = { disconnectTimeout: 0 } as const;

function end(connection: RedisConnection): void {
  const { status } = connection;
  connection.disconnect();
  if (status !== 'end') connection.stream?.destroy();
}
