import type { InstantNodeError } from '../../../errors.ts';
import { invalidOption } from '../../../invalid-option.ts';
import { hintAt } from '../../../nearest.ts';
import { isObject } from '../../../protocol/json.ts';

/** The package that makes the connections. */
export const REDIS_PACKAGE = 'ioredis';

/** A node of a Redis cluster. */
export interface RedisNode {
  host: string;
  port: number;
}

/** The class `Redis` of the package `ioredis`, reduced to the members by which it is recognized. */
export interface RedisClass {
  new (...args: never[]): { connect(): Promise<unknown>; disconnect(): void };
  /** The class for clusters. */
  Cluster: new (
    ...args: never[]
  ) => { connect(): Promise<unknown>; disconnect(): void };
}

/**
 * Where storage `'redis'` stores its data, and how it connects. The server is named by one of `url`, `cluster` or,
 * within `options`, `host`, `path` or `sentinels`.
 *
 * An acknowledged write is as safe as the server makes it: with `appendonly yes` it survives the server, and with
 * replicas a failover may lose what was not replicated yet. `maxmemory-policy` must be `noeviction`, its default.
 */
export interface RedisConfig {
  /** The server, as `redis://user:password@host:6379/0`, `rediss://…` for TLS, or the path of its socket. */
  url?: string;
  /** Nodes to discover the cluster from; the others are found. */
  cluster?: RedisNode[];
  /** The prefix of all keys. Not empty, without `{` and `}`. Default `instant`. */
  prefix?: string;
  /**
   * Options of `ioredis` for each connection: `username`, `password`, `tls`, `db`, `sentinels` and so on. Retries,
   * queueing and the names of connections cannot be configured.
   */
  options?: object;
  /** Options of `ioredis` for a cluster: `natMap`, `dnsLookup` and so on. Only together with `cluster`. */
  clusterOptions?: object;
  /**
   * The class from your own import, `import { Redis } from 'ioredis'`, so that a bundler, or a tool that traces the
   * files of a deployment, sees the package and includes it. Default: the package `ioredis`, which is looked for when
   * `init` is called.
   */
  Redis?: RedisClass;
}

/** A {@link RedisConfig} with its defaults filled in. */
export interface ResolvedRedisConfig {
  readonly where: { readonly url: string } | { readonly cluster: readonly RedisNode[] } | 'options';
  /** The number of the server's database. */
  readonly database: number;
  readonly prefix: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly clusterOptions: Readonly<Record<string, unknown>>;
  readonly Redis: RedisClass | undefined;
}

const NAMES: readonly string[] = ['url', 'cluster', 'prefix', 'options', 'clusterOptions', 'Redis'];
const DEFAULT_PREFIX = 'instant';
const DEFAULT_PORT = 6379;
const DATABASE_HINT = 'Give its number, such as 1 in redis://127.0.0.1:6379/1, or nothing for database 0';

/**
 * Checks option `redis` of `init`.
 *
 * @throws {InstantNodeError} `invalid-config`, naming what cannot be used. It never shows an address, which may contain
 * a password.
 */
export function parseRedisConfig(value: unknown): RedisConfig {
  resolveRedisConfig(value);
  return value as RedisConfig;
}

/** Like {@link parseRedisConfig}, with the defaults filled in. */
export function resolveRedisConfig(value: unknown): ResolvedRedisConfig {
  if (!isObject(value)) throw refused('redis', value, 'an object with a url');
  const unknown = Object.keys(value).find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw invalidOption(`option "redis.${unknown}" is unknown`, hintAt(unknown, NAMES));
  const options = objectOr(value, 'options');
  const clusterOptions = objectOr(value, 'clusterOptions');
  const where = whereOf(value, options);
  if (value.clusterOptions !== undefined && !isCluster(where)) {
    throw refused('redis.clusterOptions', value.clusterOptions, 'nothing: there is no redis.cluster');
  }
  if ('keyPrefix' in options || 'keyPrefix' in clusterOptions) {
    throw refused('redis.options.keyPrefix', options.keyPrefix, 'nothing: redis.prefix is for that');
  }
  const database = databaseOf(where, options, clusterOptions);
  return { where, database, prefix: prefixOf(value), options, clusterOptions, Redis: classOf(value) };
}

function classOf({ Redis }: Record<string, unknown>): RedisClass | undefined {
  if (Redis === undefined || isRedisClass(Redis)) return Redis;
  throw refused('redis.Redis', Redis, 'the class Redis of ioredis 5');
}

function isRedisClass(value: unknown): value is RedisClass {
  if (typeof value !== 'function') return false;
  const { prototype, Cluster } = value as { prototype?: unknown; Cluster?: unknown };
  return isObject(prototype) && typeof prototype.evalsha === 'function' && typeof Cluster === 'function';
}

/** The server's address, for messages: never a user or a password. */
export function placeOf({ where, database, options }: ResolvedRedisConfig): string {
  const db = database === 0 ? '' : `/${database}`;
  if (where === 'options') return `${placeOfOptions(options)}${db}`;
  if (isCluster(where)) return where.cluster.map(({ host, port }) => `${host}:${port}`).join(',');
  const url = asUrl(where.url);
  if (!url) return `${where.url}${db}`;
  return `${url.hostname || 'localhost'}:${url.port || DEFAULT_PORT}${db}`;
}

/** Every secret of the configuration, so that none is ever shown. */
export function secretsOf({ where, options, clusterOptions }: ResolvedRedisConfig): string[] {
  const perNode = isObject(clusterOptions.redisOptions) ? clusterOptions.redisOptions : {};
  const given = [options, perNode].flatMap((one) => [one.password, one.sentinelPassword]);
  const inUrl = typeof where === 'object' && 'url' in where ? passwordsIn(where.url) : [];
  return [...given, ...inUrl].filter((secret) => typeof secret === 'string' && secret !== '') as string[];
}

type Where = ResolvedRedisConfig['where'];

function isCluster(where: Where): where is Extract<Where, { cluster: unknown }> {
  return typeof where === 'object' && 'cluster' in where;
}

function whereOf(value: Record<string, unknown>, options: Record<string, unknown>): Where {
  const { url, cluster } = value;
  if (url !== undefined && cluster !== undefined) {
    throw invalidOption('options "redis.url" and "redis.cluster" are both given', 'Leave one of them out');
  }
  if (cluster !== undefined) return { cluster: nodesOf(cluster) };
  if (url !== undefined) return { url: urlOf(url) };
  if (['host', 'path', 'sentinels'].some((name) => options[name] !== undefined)) return 'options';
  throw invalidOption(
    'option "redis" names no server',
    'Give redis.url, such as redis://127.0.0.1:6379, or redis.cluster',
  );
}

function urlOf(value: unknown): string {
  // Not shown, even when it is invalid: it may contain a password.
  const expected = 'a URL that begins with redis:// or rediss://, or the absolute path of a socket';
  if (typeof value !== 'string') throw refused('redis.url', value, expected);
  if (value.startsWith('/') && !value.includes('?')) return value;
  const protocol = asUrl(value)?.protocol;
  if (protocol === 'redis:' || protocol === 'rediss:') return value;
  throw invalidOption(`option "redis.url" cannot be used, expected ${expected}`);
}

/**
 * The database number that `ioredis` will use: the one in the URL comes first. Anything that is not a number is refused
 * here; `ioredis` would take it for 0, or fail with it later.
 */
function databaseOf(
  where: Where,
  options: Record<string, unknown>,
  clusterOptions: Record<string, unknown>,
): number {
  if (isCluster(where)) {
    const perNode = isObject(clusterOptions.redisOptions) ? clusterOptions.redisOptions : {};
    const given = options.db ?? perNode.db ?? 0;
    if (Number(given) === 0) return 0;
    throw invalidOption(
      'option "redis.options.db" is given, and a cluster has database 0 alone',
      'Leave it out',
    );
  }
  const url = where === 'options' ? undefined : asUrl(where.url);
  const path = url?.pathname.replace(/^\//, '') || undefined;
  const inUrl = [path, url?.searchParams.get('db') ?? undefined].filter((text) => text !== undefined);
  // Not shown: it may be a password in the wrong place.
  if (!inUrl.every(isDatabase)) {
    throw invalidOption('option "redis.url" names no database that there can be', DATABASE_HINT);
  }
  if (options.db !== undefined && !isDatabase(options.db)) {
    throw invalidOption('option "redis.options.db" is no database that there can be', DATABASE_HINT);
  }
  return Number(inUrl[0] ?? options.db ?? 0);
}

/** A number, or a text with one. Redis uses 32-bit integers. */
function isDatabase(value: unknown): boolean {
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  return /^\d{1,10}$/.test(String(value)) && Number(value) < 2 ** 31;
}

function nodesOf(value: unknown): RedisNode[] {
  const expected = 'a list of { host, port }';
  if (!Array.isArray(value) || value.length === 0) throw refused('redis.cluster', value, expected);
  return value.map((node: unknown, index) => {
    const { host, port } = isObject(node) ? node : {};
    if (typeof host === 'string' && /^[A-Za-z0-9.:_-]+$/.test(host) && isPort(port)) return { host, port };
    throw invalidOption(
      `option "redis.cluster[${index}]" cannot be used, expected { host, port } with a host's name and a port`,
    );
  });
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

function prefixOf({ prefix = DEFAULT_PREFIX }: Record<string, unknown>): string {
  if (typeof prefix === 'string' && /^[^{}]+$/.test(prefix)) return prefix;
  throw refused('redis.prefix', prefix, 'a text that is not empty and has no "{" and no "}"');
}

function placeOfOptions({ path, host, port, sentinels, name }: Readonly<Record<string, unknown>>): string {
  if (typeof path === 'string') return path;
  if (sentinels !== undefined) return `sentinels of ${String(name ?? 'mymaster')}`;
  return `${String(host ?? 'localhost')}:${String(port ?? DEFAULT_PORT)}`;
}

function passwordsIn(url: string): string[] {
  const parsed = asUrl(url);
  if (!parsed) return [];
  // `password` may also be among the parameters.
  const all = [
    parsed.password,
    ...[...parsed.searchParams].filter(([name]) => /password/i.test(name)).map(([, one]) => one),
  ];
  return all.flatMap((one) => [one, decoded(one)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function asUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function objectOr(value: Record<string, unknown>, name: string): Record<string, unknown> {
  const given = value[name];
  if (given === undefined) return {};
  if (isObject(given)) return given;
  throw refused(`redis.${name}`, given, 'an object');
}

function refused(option: string, value: unknown, expected: string): InstantNodeError {
  return invalidOption(`option "${option}" is ${kindOf(value)}, expected ${expected}`);
}

/** Only the kind of a value, because the value may be a secret in the wrong place. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
