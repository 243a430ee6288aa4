import { type InstantUnknownSchema, type StoreInterfaceClass, weakHash } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver, StorageDriver } from '../drivers/contract.ts';
import { storeClassOver } from '../drivers/storage/store.ts';
import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import { nodeVersion } from '../version.ts';
import type { NodeConfig, ResolvedConfig } from './config.ts';
import { InstantNodeDatabase } from './database.ts';
import { inBrowserLikeHost } from './host.ts';
import { parseConfig } from './parse-config.ts';
import { NodeReactor } from './reactor.ts';
import type { AnySchema } from './schema.ts';

/** What an entry chooses for its runtime. */
export interface Drivers {
  /** The driver for sockets that keep the process running, or that do not. */
  socket(hold: boolean): SocketDriver;
  openMemoryStorage(): StorageDriver;
  openSqliteStorage(path: string): StorageDriver;
}

/** Core's `init`, with our options. */
export type Init = <Schema extends AnySchema = InstantUnknownSchema, UseDates extends boolean = false>(
  config: NodeConfig<Schema, UseDates>,
  Store?: StoreInterfaceClass,
  NetworkListener?: NetworkListenerClass,
  versions?: Record<string, string>,
  EventSourceImpl?: unknown,
) => InstantNodeDatabase<Schema, UseDates>;

interface Opened {
  Store: StoreInterfaceClass;
  durable: boolean;
  dispose(): Promise<void>;
}

// Not on `globalThis`, where core keeps its own: no global is changed by this package.
const databases = new Map<string, InstantNodeDatabase<AnySchema, boolean>>();
const storages = new Map<string, string>();
const classNumbers = new WeakMap<object, number>();
let classCount = 0;

/** Makes the `init` of an entry. */
export function bindInit(drivers: Drivers): Init {
  return (config, Store, NetworkListener, versions, EventSourceImpl) => {
    const resolved = parseConfig(withPositional(config, Store, NetworkListener));
    const identity = identityOf(resolved);
    const existing = databases.get(identity);
    if (existing) {
      adoptSchema(existing, resolved);
      return existing as never;
    }
    const storage = claimStorage(resolved, identity);
    const opened = openStorage(drivers, resolved, storage);
    const { keepAlive } = resolved;
    const reactor = inBrowserLikeHost(
      () =>
        new NodeReactor<AnySchema>({
          core: resolved.core,
          Store: opened.Store,
          durable: opened.durable,
          network: resolved.network,
          socket: drivers.socket(keepAlive),
          keepAlive,
          versions: { ...versions, '@instantdb/node': `v${nodeVersion}` },
          EventSource: EventSourceImpl,
        }),
    );
    const database = new InstantNodeDatabase<AnySchema, boolean>(reactor, {
      forget: () => databases.delete(identity),
      dispose: async () => {
        storages.delete(storage);
        await opened.dispose();
      },
    });
    databases.set(identity, database);
    return database as never;
  };
}

/** Core takes a store and a network listener behind the config; an option of the config wins. */
function withPositional(config: unknown, Store: unknown, NetworkListener: unknown): unknown {
  if (!isObject(config)) return config;
  return {
    ...(Store ? { Store } : {}),
    ...(NetworkListener ? { network: NetworkListener } : {}),
    ...config,
  };
}

/** Two configs of one identity get one database: core's key, and where the data is kept. */
function identityOf({ core, storage, instanceKey, network }: ResolvedConfig): string {
  const where =
    storage.kind === 'sqlite' ? storage.path : storage.kind === 'class' ? numberOf(storage.Store) : '';
  return JSON.stringify([
    core.appId,
    core.websocketURI,
    core.apiURI,
    core.__adminToken ?? null,
    core.useDateObjects,
    core.__extraDedupeKey ?? '',
    storage.kind,
    where,
    instanceKey,
    numberOf(network),
  ]);
}

/** Classes have no name to tell them apart by, so each gets a number when it is first seen. */
function numberOf(value: object): number {
  const known = classNumbers.get(value);
  if (known !== undefined) return known;
  classNumbers.set(value, ++classCount);
  return classCount;
}

function adoptSchema(database: InstantNodeDatabase<AnySchema, boolean>, { core }: ResolvedConfig): void {
  if (weakHash(database._reactor.config.schema ?? null) === weakHash(core.schema ?? null)) return;
  database._reactor.updateSchema(core.schema);
}

/** One file holds one database of an app and instance at a time; two would overwrite each other's pending writes. */
function claimStorage({ core, storage, instanceKey }: ResolvedConfig, identity: string): string {
  if (storage.kind !== 'sqlite') return identity;
  const claim = JSON.stringify([storage.path, core.appId, instanceKey]);
  if (storages.has(claim)) {
    throw new InstantNodeError(
      'invalid-config',
      `Cannot open a database: another one of app "${core.appId}" is open with other options on "${storage.path}"`,
      { hint: 'Close the other one first, or give one of them an instanceKey' },
    );
  }
  return claim;
}

function openStorage(drivers: Drivers, resolved: ResolvedConfig, claim: string): Opened {
  const { storage, instanceKey } = resolved;
  if (storage.kind === 'class') {
    // A class of the user's is the user's to close, and may keep what it is given.
    return { Store: storage.Store, durable: true, dispose: () => Promise.resolve() };
  }
  const driver =
    storage.kind === 'sqlite' ? drivers.openSqliteStorage(storage.path) : drivers.openMemoryStorage();
  storages.set(claim, storage.kind);
  return {
    Store: storeClassOver(driver, instanceKey),
    durable: driver.durable,
    dispose: () => driver.dispose(),
  };
}
