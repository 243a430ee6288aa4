import type { InstantUnknownSchema, StoreInterfaceClass } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver, WebSocketClass } from '../drivers/contract.ts';
import type { StorageKinds } from '../drivers/storage/kinds/index.ts';
import { isObject } from '../protocol/json.ts';
import { nodeVersion } from '../version.ts';
import { adoptOptions } from './adopt-options.ts';
import type { NodeConfig } from './config/node-config.ts';
import { assertOneWay } from './config/one-way.ts';
import { parseConfig } from './config/parse-config.ts';
import { InstantNodeDatabase } from './database.ts';
import { assertNotOtherVersions, findOpen, noteOpen } from './open-databases.ts';
import { inBrowserLikeHost } from './reactor/host.ts';
import { NodeReactor } from './reactor/reactor.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { Reports } from './secrecy/reports.ts';
import { openRecordStore } from './storage/open-record-store.ts';
import { Persistence } from './storage/persistence.ts';

/** The drivers that an entry chooses for its runtime. */
export interface Drivers {
  /** The driver for the option `connection.WebSocket`. */
  socket(choice: 'native' | WebSocketClass | undefined): SocketDriver;
  /** The kinds that the `storage` option can choose from. */
  storage: StorageKinds;
}

/** Core's `init`, with our options. */
export type Init = <Schema extends AnySchema = InstantUnknownSchema, UseDates extends boolean = false>(
  config: NodeConfig<Schema, UseDates>,
  Store?: StoreInterfaceClass,
  NetworkListener?: NetworkListenerClass,
  versions?: Record<string, string>,
  EventSourceImpl?: unknown,
) => InstantNodeDatabase<Schema, UseDates>;

/** Makes the `init` of an entry. */
export function bindInit(drivers: Drivers): Init {
  return (config, Store, NetworkListener, versions, EventSourceImpl) => {
    const given = withPositional(config, Store, NetworkListener);
    const resolved = parseConfig(given, drivers.storage);
    const { core, connection, ways, keepAlive } = resolved;
    const socket = drivers.socket(connection.WebSocket);
    assertOneWay({ ...core, connection, ways, socket, EventSource: EventSourceImpl });
    const existing = findOpen(resolved, drivers.storage);
    if (existing) {
      adoptOptions(existing, given as Record<string, unknown>, connection);
      return existing.database as never;
    }
    assertNotOtherVersions(resolved);
    const persistence = new Persistence(
      (events) => openRecordStore(drivers.storage, resolved, events),
      core.__adminToken !== undefined,
    );
    const reactor = inBrowserLikeHost(
      () =>
        new NodeReactor<AnySchema>({
          core,
          reports: new Reports(core.logger, resolved.secrets),
          persistence,
          strict: resolved.durability === 'strict',
          network: resolved.network,
          ...{ socket, ways, keepAlive },
          versions: { ...versions, '@instantdb/node': `v${nodeVersion}` },
          EventSource: EventSourceImpl,
        }),
    );
    const database = new InstantNodeDatabase<AnySchema, boolean>(reactor, () => forget());
    const forget = noteOpen(database, resolved, drivers.storage);
    return database as never;
  };
}

/** Core accepts a store and a network listener as arguments after the config; options in the config win. */
function withPositional(config: unknown, Store: unknown, NetworkListener: unknown): unknown {
  if (!isObject(config)) return config;
  return {
    ...(Store ? { Store } : {}),
    ...(NetworkListener ? { network: NetworkListener } : {}),
    ...config,
  };
}
