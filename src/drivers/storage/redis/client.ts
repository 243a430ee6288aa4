import { InstantNodeError } from '../../../errors.ts';
import type { ResolvedRedisConfig } from './config.ts';

/** The part of a client of `ioredis` that is used, of a single server's or a cluster's. */
export interface RedisClient {
  readonly status: string;
  evalsha(digest: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  eval(text: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  disconnect(): void;
}

/** What `ioredis` has beside that, undocumented, with which it would hold the process or write to the console. */
interface Insides {
  readonly stream?: { unref(): void; destroy(): void };
  readonly reconnectTimeout?: { unref?(): void } | null;
  readonly subscriber?: { stop?(): void };
  auth(credentials: unknown, done: (error: Error | null | undefined, ok: unknown) => void): unknown;
  nodes?(): Insides[];
}

interface UnstorageRedis {
  default(options: object): { getInstance?: () => unknown };
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

const RETRY_MS = { least: 50, most: 1_000 } as const;

/**
 * Makes unstorage's redis driver, and gives the client of `ioredis` that is in it. It connects at once, and again for as
 * long as it is not disconnected. What it cannot send at once it rejects, rather than send it when nobody waits for it
 * any more.
 *
 * @throws {InstantNodeError} `missing-dependency` when `ioredis` is not installed, `invalid-config` when it refuses the
 * options.
 */
export async function openRedisClient(
  config: ResolvedRedisConfig,
  options: RedisClientOptions,
  load: () => Promise<unknown> = () => import('unstorage/drivers/redis'),
): Promise<RedisClient> {
  const driver = (await loadDriver(load)).default(clientOptions(config, options));
  const client = driver.getInstance?.() as RedisClient & Insides;
  // One with nobody to hear it is written to the console.
  client.on('error', () => {});
  for (const connection of [client, ...nodesOf(client)]) tame(connection, options);
  client.on('+node', (node: RedisClient & Insides) => tame(node, options));
  client.on('connect', () => {
    // The connection on which a cluster's client would listen for messages.
    client.subscriber?.stop?.();
  });
  return client;
}

/** Cuts the connections, in the middle of whatever they do; the client makes new ones unless it was disconnected. */
export function cutConnections(client: RedisClient): void {
  for (const { stream } of [client as RedisClient & Insides, ...nodesOf(client)]) stream?.destroy();
}

async function loadDriver(load: () => Promise<unknown>): Promise<UnstorageRedis> {
  try {
    return (await load()) as UnstorageRedis;
  } catch (cause) {
    throw new InstantNodeError(
      'missing-dependency',
      'Cannot open storage "redis": the package ioredis could not be loaded',
      { hint: 'Run: npm install ioredis@5', cause },
    );
  }
}

function clientOptions(config: ResolvedRedisConfig, { connectTimeoutMs }: RedisClientOptions): object {
  const { where, options, clusterOptions } = config;
  const retryStrategy = (times: number): number => Math.min(RETRY_MS.least * times, RETRY_MS.most);
  const connection = {
    connectTimeout: connectTimeoutMs,
    ...options,
    lazyConnect: false,
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
    retryStrategy,
  };
  if (where === 'options') return connection;
  if ('url' in where) return { ...connection, url: where.url };
  const { retryStrategy: _, enableOfflineQueue: __, ...redisOptions } = connection;
  return {
    cluster: where.cluster,
    clusterOptions: {
      ...clusterOptions,
      redisOptions: { ...(clusterOptions.redisOptions as object | undefined), ...redisOptions },
      lazyConnect: false,
      enableOfflineQueue: false,
      clusterRetryStrategy: retryStrategy,
      // By a timer that would hold the process. A slot that has moved is found when it is asked for.
      slotsRefreshInterval: 0,
    },
  };
}

function tame(client: RedisClient & Insides, { hold, unneededPassword }: RedisClientOptions): void {
  client.on('reconnecting', () => client.reconnectTimeout?.unref?.());
  if (!hold) client.on('connect', () => client.stream?.unref());
  if (typeof client.auth === 'function') silenceAuth(client, unneededPassword);
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

function nodesOf(client: RedisClient): (RedisClient & Insides)[] {
  return ((client as RedisClient & Insides).nodes?.() ?? []) as (RedisClient & Insides)[];
}
