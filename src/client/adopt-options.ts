import { weakHash } from '@instantdb/core';
import type { StorageOptionName } from '../drivers/storage/kinds/index.ts';
import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import type { ResolvedConnection } from './config/connection-config.ts';
import type { coreInternalOptions, NodeConfig } from './config/node-config.ts';
import { reactorOf } from './core-internals/core-database.ts';
import type { OpenDatabase } from './open-databases.ts';
import type { NodeReactor } from './reactor/reactor.ts';
import type { AnySchema } from './schema/any-schema.ts';

/**
 * Without the options of single kinds of storage, which never change an open database: some of them make it another
 * database, the others only matter when one is opened.
 */
type Option = Exclude<keyof NodeConfig, StorageOptionName> | keyof typeof coreInternalOptions;
type Reactor = NodeReactor<AnySchema>;

/** What an option does when `init` is called again for a database that is already open. */
type Adoption =
  /** Nothing: with another value it is a different database. */
  | 'identity'
  /** It is refused when it differs, since it only takes effect when a database is opened. */
  | 'opening'
  /** The same, option by option, and without showing a value. */
  | 'compared'
  | ((reactor: Reactor, value: never) => void);

/** In the order of adoption: a schema also sets the inference, which the option after it overrides. */
const ADOPTIONS: Record<Option, Adoption> = {
  appId: 'identity',
  useDateObjects: 'identity',
  apiURI: 'identity',
  websocketURI: 'identity',
  adminToken: 'identity',
  __adminToken: 'identity',
  __extraDedupeKey: 'identity',
  storage: 'identity',
  Store: 'identity',
  encryptionKey: 'identity',
  durability: 'identity',
  instanceKey: 'identity',
  network: 'identity',
  connection: 'compared',
  whenStorageLocked: 'opening',
  keepAlive: 'opening',
  schema: adoptSchema,
  cardinalityInference: inConfig('cardinalityInference'),
  verbose: ({ parts }, verbose: boolean) => parts.options.changeLogging({ verbose }),
  logger: ({ parts }, logger: NonNullable<NodeConfig['logger']>) => parts.options.changeLogging({ logger }),
  queryCacheLimit: ({ parts }, limit: number) => parts.options.changeQueryCacheLimit(limit),
  disableValidation: inConfig('disableValidation'),
  firstPartyPath: inConfig('firstPartyPath'),
  devtool: inConfig('devtool'),
  WritableStream: ({ parts }, WStream: unknown) => parts.options.changeStreamClasses({ WStream }),
  ReadableStream: ({ parts }, RStream: unknown) => parts.options.changeStreamClasses({ RStream }),
  pendingTxCleanupTimeout: ({ parts }, timeoutMs: number) => parts.options.changeCleanup({ timeoutMs }),
  pendingMutationCleanupThreshold: ({ parts }, threshold: number) =>
    parts.options.changeCleanup({ threshold }),
};

/**
 * Applies the options of a repeated `init` to the open database. An option that is left out changes nothing.
 *
 * @throws {InstantNodeError} `invalid-config`, naming an option that differs and cannot be changed; then none is
 * applied.
 */
export function adoptOptions(
  { database, options, differing }: OpenDatabase,
  given: Readonly<Record<string, unknown>>,
  connection: ResolvedConnection,
): void {
  const told = Object.entries(ADOPTIONS).filter(([name]) => given[name] !== undefined);
  for (const [name, adoption] of told) {
    const now = options[name as 'keepAlive'];
    if (adoption === 'opening' && given[name] !== now) throw cannotChange(name, given[name], now);
  }
  const other = isObject(given.connection) ? differing(connection, given.connection) : undefined;
  if (other !== undefined) throw cannotChangeConnection(other);
  for (const [name, adoption] of told) {
    if (typeof adoption === 'function') adoption(reactorOf(database) as Reactor, given[name] as never);
  }
}

function adoptSchema(reactor: Reactor, schema: AnySchema): void {
  if (weakHash(reactor.config.schema ?? null) !== weakHash(schema)) reactor.updateSchema(schema);
}

function inConfig(name: Option) {
  return ({ parts }: Reactor, value: unknown): void => parts.options.changeConfig({ [name]: value });
}

const OTHERWISE =
  'Leave it out to get that database, close() it first, or give this one an instanceKey of its own';

function cannotChange(name: string, given: unknown, now: unknown): InstantNodeError {
  const message = `Cannot open a database: option "${name}" is ${JSON.stringify(given)}, and the database that is open with the same options has ${JSON.stringify(now)}`;
  return new InstantNodeError('invalid-config', message, { hint: OTHERWISE });
}

function cannotChangeConnection(name: string): InstantNodeError {
  const message = `Cannot open a database: option "${name}" is another than that of the database that is open with the same options`;
  return new InstantNodeError('invalid-config', message, { hint: OTHERWISE });
}
