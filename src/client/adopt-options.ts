import { weakHash } from '@instantdb/core';
import type { StorageOptionName } from '../drivers/storage/kinds/index.ts';
import { InstantNodeError } from '../errors.ts';
import type { coreInternalOptions, NodeConfig } from './config/node-config.ts';
import { changeTaken, reactorOf } from './core-internals/taken-options.ts';
import type { OpenDatabase } from './open-databases.ts';
import type { NodeReactor } from './reactor.ts';
import type { AnySchema } from './schema/any-schema.ts';

/** Those of single kinds of storage change nothing: a part of them is what makes it another database, and the rest is for opening it. */
type Option = Exclude<keyof NodeConfig, StorageOptionName> | keyof typeof coreInternalOptions;
type Reactor = NodeReactor<AnySchema>;

/** What an option that is given again does to a database that is open. */
type Adoption =
  /** Nothing: with another value it is another database. */
  | 'identity'
  /** It is refused when it differs, since it is gone by when a database is opened. */
  | 'opening'
  | ((reactor: Reactor, value: never) => void);

/** In the order in which they are adopted: a schema brings an inference of its own. */
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
  whenStorageLocked: 'opening',
  keepAlive: 'opening',
  schema: adoptSchema,
  cardinalityInference: (reactor, value: boolean) => {
    (reactor.config as { cardinalityInference?: boolean }).cardinalityInference = value;
  },
  verbose: (reactor, verbose: boolean) => reactor.changeLogging({ verbose }),
  logger: (reactor, logger: NonNullable<NodeConfig['logger']>) => reactor.changeLogging({ logger }),
  queryCacheLimit: (reactor, limit: number) => reactor.changeQueryCacheLimit(limit),
  disableValidation: inConfig('disableValidation'),
  firstPartyPath: inConfig('firstPartyPath'),
  devtool: inConfig('devtool'),
  WritableStream: taken('WritableStream'),
  ReadableStream: taken('ReadableStream'),
  pendingTxCleanupTimeout: taken('pendingTxCleanupTimeout'),
  pendingMutationCleanupThreshold: taken('pendingMutationCleanupThreshold'),
};

/**
 * Has a database that is open go by the options of another `init` for it. One that is left out changes nothing.
 *
 * @throws {InstantNodeError} `invalid-config` that names an option which differs and cannot be changed; nothing is then.
 */
export function adoptOptions(
  { database, options }: OpenDatabase,
  given: Readonly<Record<string, unknown>>,
): void {
  const told = Object.entries(ADOPTIONS).filter(([name]) => given[name] !== undefined);
  for (const [name, adoption] of told) {
    const now = options[name as 'keepAlive'];
    if (adoption === 'opening' && given[name] !== now) throw cannotChange(name, given[name], now);
  }
  for (const [name, adoption] of told) {
    if (typeof adoption === 'function') adoption(reactorOf(database) as Reactor, given[name] as never);
  }
}

function adoptSchema(reactor: Reactor, schema: AnySchema): void {
  if (weakHash(reactor.config.schema ?? null) !== weakHash(schema)) reactor.updateSchema(schema);
}

/** Core reads it there whenever it goes by it. */
function inConfig(name: 'disableValidation' | 'firstPartyPath' | 'devtool') {
  return (reactor: Reactor, value: unknown): void => {
    Object.assign(reactor.config, { [name]: value });
  };
}

function taken(name: Parameters<typeof changeTaken>[1]) {
  return (reactor: Reactor, value: unknown): void => changeTaken(reactor, name, value);
}

function cannotChange(name: string, given: unknown, now: unknown): InstantNodeError {
  const message = `Cannot open a database: option "${name}" is ${JSON.stringify(given)}, and the database that is open with the same options has ${JSON.stringify(now)}`;
  return new InstantNodeError('invalid-config', message, {
    hint: 'Leave it out to get that database, close() it first, or give this one an instanceKey of its own',
  });
}
