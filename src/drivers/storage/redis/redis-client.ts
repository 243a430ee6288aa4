import { InstantNodeError } from '../../../errors.ts';
import { requireInstalled } from '../../../runtime/require-installed.ts';
import { REDIS_PACKAGE, type RedisNode, type ResolvedRedisConfig } from './redis-config.ts';
import { AT_ONCE, type RedisConnection, RedisConnections } from './redis-connections.ts';

/** The part of an `ioredis` client that is used, for a single server or a cluster. */
export interface RedisClient {
  readonly status: string;
  evalsha(digest: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  eval(text: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  select?(database: number): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Undocumented members of `ioredis` by which it would write to the console or subscribe to messages. */
interface Insides extends RedisConnection {
  readonly subscriber?: { stop?(): void };
  auth(credentials: unknown, done: (error: Error | null | undefined, ok: unknown) => void): unknown;
  connect(): Promise<unknown>;
}

/** The part of the package `ioredis` that is used. */
interface Ioredis {
  readonly Redis: {
    new (options: object): RedisClient & Insides;
    new (url: string, options: object): RedisClient & Insides;
  };
  readonly Cluster: new (nodes: readonly RedisNode[], options: object) => RedisClient & Insides;
}

/** The options of a client. */
export interface RedisClientOptions {
  /** Whether its connections keep the process running. */
  readonly hold: boolean;
  /** How long a connection may take to be established, in ms, before it is given up. */
  readonly connectTimeoutMs: number;
  /** The server needs no password, though one is given. */
  unneededPassword(): void;
}

const INSTALL =
  'Run: npm install ioredis@5 (beside a bundle too, or give option redis.Redis; Deno finds it in a node_modules folder)';
const RETRY_MS = { least: 50, most: 1_000 } as const;

/**
 * Creates an `ioredis` client. It connects at once, and reconnects until it is disconnected. A command that cannot be
 * sent at once is rejected, rather than sent when no one waits for it any more.
 *
 * @throws {InstantNodeError} `missing-dependency` when `ioredis` is not installed. If `ioredis` refuses the options,
 * its error is thrown unchanged.
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
  // An error without a listener is written to the console.
  client.on('error', () => {});
  tame(client);
  client.on('+node', tame);
  client.on('connect', () => {
    // The connection on which a cluster's client would subscribe to messages.
    client.subscriber?.stop?.();
  });
  // Only now, because a client contacts a sentinel at once. Its events report failures.
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
    // The refresh uses a timer that would keep the process running. A slot that has moved is found when it is used.
    slotsRefreshInterval: 0,
  });
}

function connectionOptions(options: ResolvedRedisConfig['options'], connectTimeoutMs: number) {
  return {
    connectTimeout: connectTimeoutMs,
    // Without it `ioredis` waits indefinitely for a sentinel's answer.
    sentinelCommandTimeout: connectTimeoutMs,
    ...options,
    ...AT_ONCE,
    lazyConnect: false,
    // Null, because its retry uses a timer that would keep the process running. If no sentinel answers, `retryStrategy`
    // decides.
    sentinelRetryStrategy: () => null,
    // While it waits for the answers to the commands that these send, ioredis takes a lost connection for a ready one,
    // and makes no other (seen in 5.11.1).
    disableClientInfo: true,
    connectionName: undefined,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // With 0, commands that a lost connection has not answered are rejected at once.
    maxRetriesPerRequest: 0,
    // Only sentinels need it; otherwise the server's replies say when it is not ready.
    enableReadyCheck: options.sentinels !== undefined,
    retryStrategy: (times: number): number => Math.min(RETRY_MS.least * times, RETRY_MS.most),
  };
}

/** `ioredis` writes to the console when a server needs no password, and then goes on. */
function silenceAuth(client: Insides, unneededPassword: () => void): void {
  const auth = client.auth.bind(client);
  client.auth = (credentials, done) =>
    auth(credentials, (error, ok) => {
      const isUnneeded = error && /no password is set|without any password configured/.test(error.message);
      if (isUnneeded) unneededPassword();
      done(isUnneeded ? null : error, ok);
    });
}
