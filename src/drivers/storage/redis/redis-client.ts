import { InstantNodeError } from '../../../errors.ts';
import { requireInstalled } from '../../../runtime/require-installed.ts';
import { REDIS_PACKAGE, type RedisNode, type ResolvedRedisConfig } from './redis-config.ts';
import { AT_ONCE, type RedisConnection, RedisConnections } from './redis-connections.ts';

/** The part of a client of `ioredis` that is used, of a single server's or a cluster's. */
export interface RedisClient {
  readonly status: string;
  evalsha(digest: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  eval(text: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  select?(database: number): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** What `ioredis` has beside that, undocumented, with which it would write to the console or listen for messages. */
interface Insides extends RedisConnection {
  readonly subscriber?: { stop?(): void };
  auth(credentials: unknown, done: (error: Error | null | undefined, ok: unknown) => void): unknown;
  connect(): Promise<unknown>;
}

/** What is used of the package `ioredis`. */
interface Ioredis {
  readonly Redis: {
    new (options: object): RedisClient & Insides;
    new (url: string, options: object): RedisClient & Insides;
  };
  readonly Cluster: new (nodes: readonly RedisNode[], options: object) => RedisClient & Insides;
}

/** How a client is made. */
export interface RedisClientOptions {
  /** Whether its connections keep the process running. */
  readonly hold: boolean;
  /** Within this many ms a connection is there or given up. */
  readonly connectTimeoutMs: number;
  /** The server asks for no password, though one is given. */
  unneededPassword(): void;
}

const INSTALL =
  'Run: npm install ioredis@5 (beside a bundle too, or give option redis.Redis; Deno finds it in a node_modules folder)';
const RETRY_MS = { least: 50, most: 1_000 } as const;

/**
 * Makes a client of `ioredis`. It connects at once, and again for as long as it is not disconnected. What it cannot send
 * at once it rejects, rather than send it when nobody waits for it any more.
 *
 * @throws {InstantNodeError} `missing-dependency` when `ioredis` is not installed. What `ioredis` says when it refuses
 * the options is thrown as it is.
 */
export function openRedisClient(
  config: ResolvedRedisConfig,
  options: RedisClientOptions,
  load: () => unknown = () => requireInstalled(REDIS_PACKAGE),
): { client: RedisClient; connections: RedisConnections } {
  const client = clientOf(ioredisOf(config) ?? loadIoredis(load), config, options);
  const connections = new RedisConnections(options.hold);
  const tame = (connection: Insides): void => {
    connections.add(connection);
    if (typeof connection.auth === 'function') silenceAuth(connection, options.unneededPassword);
  };
  // One with nobody to hear it is written to the console.
  client.on('error', () => {});
  tame(client);
  client.on('+node', tame);
  client.on('connect', () => {
    // The connection on which a cluster's client would listen for messages.
    client.subscriber?.stop?.();
  });
  // Not before: a client asks a sentinel at once. What it fails with is told by its events.
  client.connect().catch(() => {});
  return { client, connections };
}

function ioredisOf({ Redis }: ResolvedRedisConfig): Ioredis | undefined {
  return Redis && ({ Redis, Cluster: Redis.Cluster } as unknown as Ioredis);
}

function loadIoredis(load: () => unknown): Ioredis {
  try {
    return load() as Ioredis;
  } catch (cause) {
    throw new InstantNodeError(
      'missing-dependency',
      'Cannot open storage "redis": the package ioredis could not be loaded',
      { hint: INSTALL, cause },
    );
  }
}

function clientOf(
  { Redis, Cluster }: Ioredis,
  { where, options, clusterOptions }: ResolvedRedisConfig,
  { connectTimeoutMs }: RedisClientOptions,
): RedisClient & Insides {
  const connection = connectionOptions(options, connectTimeoutMs);
  if (where === 'options') return new Redis({ ...connection, lazyConnect: true });
  if ('url' in where) return new Redis(where.url, { ...connection, lazyConnect: true });
  const { retryStrategy, enableOfflineQueue: _, ...redisOptions } = connection;
  return new Cluster(where.cluster, {
    ...clusterOptions,
    redisOptions: { ...(clusterOptions.redisOptions as object | undefined), ...redisOptions },
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryStrategy,
    // By a timer that would hold the process. A slot that has moved is found when it is asked for.
    slotsRefreshInterval: 0,
  });
}

function connectionOptions(options: ResolvedRedisConfig['options'], connectTimeoutMs: number) {
  return {
    connectTimeout: connectTimeoutMs,
    // As `ioredis` waits for the words of a sentinel for as long as it takes.
    sentinelCommandTimeout: connectTimeoutMs,
    ...options,
    ...AT_ONCE,
    lazyConnect: false,
    // By a timer that would hold the process. When no sentinel answers, `retryStrategy` says when to try again.
    sentinelRetryStrategy: () => null,
    // While it waits for what these send, ioredis takes a connection that is lost for one that is ready, and makes no
    // other (seen in 5.11.1).
    disableClientInfo: true,
    connectionName: undefined,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // With 0, what a lost connection has not answered is rejected at once.
    maxRetriesPerRequest: 0,
    // Only sentinels need it; of what is not ready, the server's replies tell.
    enableReadyCheck: options.sentinels !== undefined,
    retryStrategy: (times: number): number => Math.min(RETRY_MS.least * times, RETRY_MS.most),
  };
}

/** `ioredis` writes to the console when a server wants no password, and then goes on. */
function silenceAuth(client: Insides, unneededPassword: () => void): void {
  const auth = client.auth.bind(client);
  client.auth = (credentials, done) =>
    auth(credentials, (error, ok) => {
      const isUnneeded = error && /no password is set|without any password configured/.test(error.message);
      if (isUnneeded) unneededPassword();
      done(isUnneeded ? null : error, ok);
    });
}
