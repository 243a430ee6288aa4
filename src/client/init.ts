import { createHash } from 'node:crypto';
import { type InstantUnknownSchema, type StoreInterfaceClass, weakHash } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver } from '../drivers/contract.ts';
import { isObject } from '../protocol/json.ts';
import { nodeVersion } from '../version.ts';
import type { NodeConfig, ResolvedConfig, StorageChoice } from './config.ts';
import { InstantNodeDatabase } from './database.ts';
import { inBrowserLikeHost } from './host.ts';
import { parseConfig } from './parse-config.ts';
import { NodeReactor } from './reactor.ts';
import type { AnySchema } from './schema.ts';
import { Keeping } from './storage/keeping.ts';
import { openRecords, type StorageDrivers } from './storage/open-records.ts';

/** What an entry chooses for its runtime. */
export interface Drivers {
  /** The driver for sockets that keep the process running, or that do not. */
  socket(hold: boolean): SocketDriver;
  storage: StorageDrivers;
}

/** Core's `init`, with our options. */
export type Init = <Schema extends AnySchema = InstantUnknownSchema, UseDates extends boolean = false>(
  config: NodeConfig<Schema, UseDates>,
  Store?: StoreInterfaceClass,
  NetworkListener?: NetworkListenerClass,
  versions?: Record<string, string>,
  EventSourceImpl?: unknown,
) => InstantNodeDatabase<Schema, UseDates>;

// Not on `globalThis`, where core keeps its own: no global is changed by this package.
const databases = new Map<string, InstantNodeDatabase<AnySchema, boolean>>();
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
    const keeping = new Keeping(
      (events) => openRecords(drivers.storage, resolved, events),
      resolved.core.__adminToken !== undefined,
    );
    const { keepAlive } = resolved;
    const reactor = inBrowserLikeHost(
      () =>
        new NodeReactor<AnySchema>({
          core: resolved.core,
          secrets: resolved.secrets,
          keeping,
          strict: resolved.durability === 'strict',
          network: resolved.network,
          socket: drivers.socket(keepAlive),
          keepAlive,
          versions: { ...versions, '@instantdb/node': `v${nodeVersion}` },
          EventSource: EventSourceImpl,
        }),
    );
    const database = new InstantNodeDatabase<AnySchema, boolean>(reactor, () => databases.delete(identity));
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

/**
 * Two configs of one identity get one database: core's key, and where the data is kept. Given as a digest, since the admin
 * token and what leads to Redis are a part of it.
 */
function identityOf(resolved: ResolvedConfig): string {
  const { core, storage, instanceKey, network } = resolved;
  const parts = JSON.stringify([
    core.appId,
    core.websocketURI,
    core.apiURI,
    core.__adminToken ?? null,
    core.useDateObjects,
    core.__extraDedupeKey ?? '',
    storage.kind,
    placeOf(storage),
    resolved.keyring?.identity ?? '',
    resolved.durability,
    instanceKey,
    numberOf(network),
  ]);
  return createHash('sha256').update(parts).digest('base64url');
}

function placeOf(storage: StorageChoice): unknown {
  switch (storage.kind) {
    case 'memory':
      return '';
    case 'filesystem':
    case 'sqlite':
      return storage.path;
    case 'redis':
      return storage.redis;
    case 'unstorage':
      return [numberOf(storage.storage), storage.durable];
    case 'class':
      return [numberOf(storage.Store), storage.durable];
  }
}

/** Classes and objects have no name to tell them apart by, so each gets a number when it is first seen. */
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
