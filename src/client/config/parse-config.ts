import { resolve } from 'node:path';
import type { Logger, StoreInterfaceClass } from '@instantdb/core';
import type { NetworkListenerClass } from '../../drivers/contract.ts';
import { AlwaysOnline } from '../../drivers/network/always-online.ts';
import { parseRedisConfig } from '../../drivers/storage/redis/config.ts';
import { parseSqliteConfig } from '../../drivers/storage/sqlite/config.ts';
import type { UnstorageDriver, UnstorageStorage } from '../../drivers/storage/unstorage/shape.ts';
import { InstantNodeError } from '../../errors.ts';
import { hintAt } from '../../nearest.ts';
import { isObject } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { Secrets } from '../secrecy/secrets.ts';
import type { Keyring } from '../storage/keyring.ts';
import { parseEncryptionKey } from '../storage/keyring-input.ts';
import type { StorageChoice } from '../storage/storage-choice.ts';
import { type CoreConfig, coreInternalOptions, optionNames, type ResolvedConfig } from './node-config.ts';

/** Core's own defaults, which it does not export. */
const DEFAULT_API_URI = 'https://api.instantdb.com';
const SESSION_PATH = '/runtime/session';

type Options = Record<string, unknown>;

/**
 * Reads the options of `init`. Whatever cannot be used throws an `InstantNodeError` of code `invalid-config` that
 * names the option, what it got and what would do; the value of a secret is never named.
 */
export function parseConfig(config: unknown): ResolvedConfig {
  if (!isObject(config)) {
    throw invalid(`Cannot open a database: init() takes an object of options, got ${show(config)}`);
  }
  refuseUnknown(config);
  const chosen = storage(config);
  const secrets = new Secrets(adminToken(config));
  return {
    core: coreConfig(config, secrets),
    secrets,
    storage: chosen,
    keyring: keyring(config, chosen),
    durability: oneOf(config, 'durability', ['strict', 'relaxed']),
    whenStorageLocked: oneOf(config, 'whenStorageLocked', ['fail', 'wait']),
    network: network(config),
    instanceKey: optional(config, 'instanceKey', 'string') ?? '',
    keepAlive: optional(config, 'keepAlive', 'boolean') ?? true,
  };
}

function coreConfig(config: Options, secrets: Secrets): CoreConfig {
  for (const name of ['verbose', 'disableValidation'] as const) optional(config, name, 'boolean');
  for (const [name, type] of Object.entries(coreInternalOptions)) optional(config, name, type);
  optional(config, 'firstPartyPath', 'string');
  const limit = optional(config, 'queryCacheLimit', 'number');
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0)) {
    throw refused('queryCacheLimit', limit, 'a whole number from 0');
  }
  for (const name of ['WritableStream', 'ReadableStream'] as const) optional(config, name, 'function');
  const { devtool } = config;
  if (devtool !== undefined && typeof devtool !== 'boolean' && !isObject(devtool)) {
    throw refused('devtool', devtool, 'true, false or an object');
  }
  const token = adminToken(config);
  return {
    ...coresOwn(config),
    appId: appId(config),
    ...uris(config),
    schema: schema(config),
    logger: secrets.redacting(logger(config)),
    useDateObjects: optional(config, 'useDateObjects', 'boolean') ?? false,
    cardinalityInference: optional(config, 'cardinalityInference', 'boolean') ?? config.schema !== undefined,
    ...(token === undefined ? {} : { __adminToken: token }),
  } as CoreConfig;
}

function adminToken(config: Options): string | undefined {
  const value = optional(config, 'adminToken', 'string') ?? optional(config, '__adminToken', 'string');
  const token = value?.trim();
  if (token === '') throw refused('adminToken', '', 'the admin token of the app');
  return token;
}

function appId(config: Options): string {
  const value = config.appId;
  if (value === undefined) throw invalid('Cannot open a database: option "appId" is missing', appIdHint);
  const id = typeof value === 'string' ? value.trim() : value;
  if (!isUuid(id)) throw refused('appId', value, 'a UUID', appIdHint);
  return id;
}

const appIdHint = 'Copy it from the dashboard of the app, or take it from createApp() of a local backend';

function uris(config: Options): { apiURI: string; websocketURI: string } {
  const apiURI = uri(config, 'apiURI', ['http:', 'https:']);
  const websocketURI = uri(config, 'websocketURI', ['ws:', 'wss:']);
  const http = apiURI ?? (websocketURI === undefined ? undefined : httpOf(websocketURI)) ?? DEFAULT_API_URI;
  return { apiURI: http, websocketURI: websocketURI ?? `ws${http.slice('http'.length)}${SESSION_PATH}` };
}

function httpOf(websocketURI: string): string | undefined {
  if (!websocketURI.endsWith(SESSION_PATH)) return undefined;
  return `http${websocketURI.slice('ws'.length, -SESSION_PATH.length)}`;
}

function uri(config: Options, name: string, protocols: string[]): string | undefined {
  const value = optional(config, name, 'string');
  if (value === undefined) return undefined;
  const wanted = `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  const url = URL.parse ? URL.parse(value) : parseUrl(value);
  const isRight = url !== null && protocols.includes(url.protocol);
  // A value that holds a secret, or may, is not named.
  if (value.includes('@') && (!isRight || url.username || url.password)) {
    throw invalid(
      `Cannot open a database: option "${name}" holds a user name or password, expected ${wanted}`,
    );
  }
  if (!isRight) throw refused(name, value, wanted);
  if (url.search || url.hash) {
    throw invalid(
      `Cannot open a database: option "${name}" has a query or fragment, expected ${wanted} and neither`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

// `URL.parse` came with Node 22.1.
function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

function schema(config: Options): unknown {
  const value = config.schema;
  if (value === undefined || (isObject(value) && isObject(value.entities) && isObject(value.links)))
    return value;
  throw refused('schema', value, 'what i.schema() returns');
}

function logger(config: Options): Logger {
  const value = config.logger;
  if (value === undefined) return console;
  const complete =
    typeof value === 'object' &&
    value !== null &&
    ['info', 'debug', 'error'].every((level) => typeof (value as Options)[level] === 'function');
  if (complete) return value as Logger;
  throw refused('logger', value, 'an object with the functions info, debug and error');
}

/** Options of ours, which core is not given: one of them is a secret, and core keeps what it gets. */
const OURS: readonly string[] = [
  'adminToken',
  'storage',
  'storagePath',
  'redis',
  'sqlite',
  'durable',
  'encryptionKey',
  'durability',
  'whenStorageLocked',
  'Store',
  'network',
];

function coresOwn(config: Options): Options {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !OURS.includes(name)));
}

/** What storage `kind` keeps its data in. */
const PLACES = { sqlite: 'file', filesystem: 'folder' } as const;

function storage(config: Options): StorageChoice {
  const { storage: value = optional(config, 'Store', 'function') ?? 'memory' } = config;
  const path = optional(config, 'storagePath', 'string');
  const { redis, sqlite } = config;
  const durable = optional(config, 'durable', 'boolean');
  if (durable !== undefined && typeof value === 'string') {
    throw refused('durable', durable, 'nothing: only a storage of yours may outlive the process or not');
  }
  if (path !== undefined && !isKeyOf(PLACES, value)) {
    throw refused('storagePath', path, 'nothing: only the storages "filesystem" and "sqlite" have a path');
  }
  for (const [name, given] of Object.entries({ redis, sqlite })) {
    if (given === undefined || value === name) continue;
    throw invalid(
      `Cannot open a database: option "${name}" is given, expected nothing: storage is not "${name}"`,
    );
  }
  if (isKeyOf(PLACES, value)) {
    if (!path?.trim()) {
      throw refused('storagePath', path, `the path of a ${PLACES[value]}, which storage "${value}" needs`);
    }
    const place = { path: resolve(path) };
    if (value === 'filesystem') return { kind: value, ...place };
    return { kind: value, ...place, sqlite: parseSqliteConfig(sqlite) };
  }
  if (value === 'redis') return { kind: 'redis', redis: parseRedisConfig(redis) };
  if (value === 'memory') return { kind: 'memory' };
  if (typeof value === 'function') {
    return { kind: 'class', Store: value as StoreInterfaceClass, durable: durable ?? true };
  }
  if (isUnstorage(value)) return { kind: 'unstorage', storage: value, durable };
  throw refused(
    'storage',
    value,
    '"memory", "filesystem", "sqlite", "redis", a Storage or Driver of unstorage, or a class that extends StoreInterface',
  );
}

function isKeyOf<T extends object>(object: T, key: unknown): key is keyof T {
  return typeof key === 'string' && Object.hasOwn(object, key);
}

function isUnstorage(value: unknown): value is UnstorageStorage | UnstorageDriver {
  if (typeof value !== 'object' || value === null) return false;
  return ['getItem', 'setItem', 'getKeys'].every((name) => typeof (value as Options)[name] === 'function');
}

function keyring(config: Options, { kind }: StorageChoice): Keyring | undefined {
  const { encryptionKey } = config;
  if (encryptionKey === undefined) return undefined;
  if (kind !== 'memory') return parseEncryptionKey(encryptionKey);
  throw invalid(
    'Cannot open a database: option "encryptionKey" is given, expected nothing: storage "memory" writes nothing anywhere',
    'Leave it out, or choose a storage that outlives the process',
  );
}

/** One of `values`, the first by default. */
function oneOf<const T extends string>(config: Options, name: string, values: readonly [T, ...T[]]): T {
  const value = config[name];
  if (value === undefined) return values[0];
  const found = values.find((one) => one === value);
  if (found === undefined) throw refused(name, value, values.map((one) => `"${one}"`).join(' or '));
  return found;
}

function network(config: Options): NetworkListenerClass {
  const value = config.network;
  if (value === undefined || value === 'always-online') return AlwaysOnline;
  const listener = Object(value) as Partial<NetworkListenerClass>;
  if (typeof listener.getIsOnline === 'function' && typeof listener.listen === 'function') {
    return listener as NetworkListenerClass;
  }
  throw refused(
    'network',
    value,
    '"always-online" or a class with the static functions getIsOnline and listen',
  );
}

function refuseUnknown(config: Options): void {
  for (const name of Object.keys(config)) {
    if (optionNames.includes(name) || Object.hasOwn(coreInternalOptions, name)) continue;
    throw invalid(`Cannot open a database: there is no option "${name}"`, hintAt(name, optionNames));
  }
}

interface TypeNames {
  string: string;
  number: number;
  boolean: boolean;
  function: unknown;
}

const articles: Record<keyof TypeNames, string> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  function: 'a class',
};

function optional<T extends keyof TypeNames>(
  config: Options,
  name: string,
  type: T,
): TypeNames[T] | undefined {
  const value = config[name];
  if (value === undefined || typeof value === type) return value as TypeNames[T] | undefined;
  throw refused(name, value, articles[type]);
}

function refused(name: string, value: unknown, wanted: string, hint?: string): InstantNodeError {
  const shown = /token|key/i.test(name) ? `a value of type ${typeof value}` : show(value);
  return invalid(`Cannot open a database: option "${name}" is ${shown}, expected ${wanted}`, hint);
}

function invalid(message: string, hint?: string): InstantNodeError {
  return new InstantNodeError('invalid-config', message, hint === undefined ? {} : { hint });
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
