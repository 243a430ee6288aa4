import type { Logger } from '@instantdb/core';
import type { NetworkKinds } from '../../drivers/network/index.ts';
import type { StorageChoice, StorageKinds } from '../../drivers/storage/kinds/index.ts';
import type { StorageKind } from '../../drivers/storage/storage-kind.ts';
import { createWays } from '../../drivers/ways/create-ways.ts';
import { invalidOption, refusedOption, show } from '../../invalid-option.ts';
import { hintAt } from '../../nearest.ts';
import { isObject } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { Secrets } from '../secrecy/secrets.ts';
import type { Keyring } from '../storage/keyring.ts';
import { parseEncryptionKey } from '../storage/keyring-input.ts';
import { type CoreConfig, coreInternalOptions, optionNames, type ResolvedConfig } from './node-config.ts';
import { parseConnection } from './parse-connection.ts';
import { parseNetwork } from './parse-network.ts';
import { parseStorage, storageOptionNames } from './parse-storage.ts';

/** Core's own defaults, which it does not export. */
const DEFAULT_API_URI = 'https://api.instantdb.com';
const SESSION_PATH = '/runtime/session';

type Options = Record<string, unknown>;

/** What options can choose from. */
interface Kinds {
  readonly storage: StorageKinds;
  readonly network: NetworkKinds;
}

/**
 * Parses the options of `init`. An option that cannot be used throws an `InstantNodeError` with code `invalid-config`
 * that names the option, its value and what is expected; the value of a secret is never shown.
 */
export function parseConfig(config: unknown, kinds: Kinds): ResolvedConfig {
  if (!isObject(config)) {
    throw invalidOption(`init() takes an object of options, got ${show(config)}`);
  }
  const ofStorages = storageOptionNames(kinds.storage);
  refuseUnknown(config, ofStorages);
  const storage = parseStorage(config, kinds.storage);
  const connection = parseConnection(config.connection);
  const { apiURI, websocketURI } = uris(config);
  const ways = createWays({ ...connection, servers: [apiURI, websocketURI] });
  const secrets = new Secrets(adminToken(config), ...ways.secrets);
  const core = coreConfig(config, secrets, ofStorages);
  return {
    core,
    secrets,
    ways,
    storage,
    keyring: keyring(config, storage, kinds.storage),
    durability: oneOf(config, 'durability', ['strict', 'relaxed']),
    whenStorageLocked: oneOf(config, 'whenStorageLocked', ['fail', 'wait']),
    network: parseNetwork(config.network, kinds.network, { apiURI, ways }),
    connection,
    instanceKey: optional(config, 'instanceKey', 'string') ?? '',
    keepAlive: optional(config, 'keepAlive', 'boolean') ?? true,
  };
}

function coreConfig(config: Options, secrets: Secrets, ofStorages: readonly string[]): CoreConfig {
  for (const name of ['verbose', 'disableValidation'] as const) optional(config, name, 'boolean');
  for (const [name, type] of Object.entries(coreInternalOptions)) optional(config, name, type);
  optional(config, 'firstPartyPath', 'string');
  const limit = optional(config, 'queryCacheLimit', 'number');
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0)) {
    throw refusedOption('queryCacheLimit', limit, 'a whole number from 0');
  }
  for (const name of ['WritableStream', 'ReadableStream'] as const) optional(config, name, 'function');
  const { devtool } = config;
  if (devtool !== undefined && typeof devtool !== 'boolean' && !isObject(devtool)) {
    throw refusedOption('devtool', devtool, 'true, false or an object');
  }
  const token = adminToken(config);
  return {
    ...coresOwn(config, ofStorages),
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
  if (token === '') throw refusedOption('adminToken', '', 'the admin token of the app');
  return token;
}

function appId(config: Options): string {
  const value = config.appId;
  if (value === undefined) throw invalidOption('option "appId" is missing', appIdHint);
  const id = typeof value === 'string' ? value.trim() : value;
  if (!isUuid(id)) throw refusedOption('appId', value, 'a UUID', appIdHint);
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
  // A value that holds, or may hold, a secret is not shown.
  if (value.includes('@') && (!isRight || url.username || url.password)) {
    throw invalidOption(`option "${name}" holds a user name or password, expected ${wanted}`);
  }
  if (!isRight) throw refusedOption(name, value, wanted);
  if (url.search || url.hash) {
    throw invalidOption(`option "${name}" has a query or fragment, expected ${wanted} and neither`);
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
  throw refusedOption('schema', value, 'what i.schema() returns');
}

function logger(config: Options): Logger {
  const value = config.logger;
  if (value === undefined) return console;
  const complete =
    typeof value === 'object' &&
    value !== null &&
    ['info', 'debug', 'error'].every((level) => typeof (value as Options)[level] === 'function');
  if (complete) return value as Logger;
  throw refusedOption('logger', value, 'an object with the functions info, debug and error');
}

/** Our own options, which core does not get: some are secret, and core keeps what it gets. */
const OURS: readonly string[] = [
  'adminToken',
  'storage',
  'encryptionKey',
  'durability',
  'whenStorageLocked',
  'Store',
  'network',
  'connection',
];

function coresOwn(config: Options, ofStorages: readonly string[]): Options {
  const ours = [...OURS, ...ofStorages];
  return Object.fromEntries(Object.entries(config).filter(([name]) => !ours.includes(name)));
}

function keyring(config: Options, { kind }: StorageChoice, kinds: StorageKinds): Keyring | undefined {
  const { encryptionKey } = config;
  if (encryptionKey === undefined) return undefined;
  const { open }: StorageKind = kinds[kind];
  if (open) return parseEncryptionKey(encryptionKey);
  throw invalidOption(
    `option "encryptionKey" is given, expected nothing: storage "${kind}" writes nothing anywhere`,
    'Leave it out, or choose a storage that outlives the process',
  );
}

/** One of `values`, the first by default. */
function oneOf<const T extends string>(config: Options, name: string, values: readonly [T, ...T[]]): T {
  const value = config[name];
  if (value === undefined) return values[0];
  const found = values.find((one) => one === value);
  if (found === undefined) throw refusedOption(name, value, values.map((one) => `"${one}"`).join(' or '));
  return found;
}

function refuseUnknown(config: Options, ofStorages: readonly string[]): void {
  // The storages' options follow the one they go with.
  const known = optionNames.flatMap((name) => (name === 'storage' ? [name, ...ofStorages] : [name]));
  for (const name of Object.keys(config)) {
    if (known.includes(name) || Object.hasOwn(coreInternalOptions, name)) continue;
    throw invalidOption(`there is no option "${name}"`, hintAt(name, known));
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
  throw refusedOption(name, value, articles[type]);
}
