import type { InstantUnknownSchema, StoreInterfaceClass } from '@instantdb/core';
import type { NetworkListenerClass } from '../drivers/contract.ts';
import { isObject } from '../protocol/json.ts';
import { nodeVersion } from '../version.ts';
import { adoptOptions } from './adopt-options.ts';
import type { NodeConfig, ResolvedConfig } from './config/node-config.ts';
import { assertOneWay } from './config/one-way.ts';
import { parseConfig } from './config/parse-config.ts';
import { InstantNodeDatabase } from './database.ts';
import { Diagnostics } from './diagnostics/database-diagnostics.ts';
import type { Drivers } from './drivers.ts';
import { assertNotOtherVersions, findOpen, noteOpen } from './open-databases.ts';
import { inBrowserLikeHost } from './reactor/host.ts';
import { NodeReactor } from './reactor/reactor.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { Reports } from './secrecy/reports.ts';
import { openPersistence } from './storage/open-database-storage.ts';

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
    const resolved = parseConfig(given, drivers);
    const { core, connection, ways, keepAlive } = resolved;
    const socket = drivers.socket(connection.WebSocket);
    assertOneWay({ ...core, connection, ways, socket, EventSource: EventSourceImpl });
    const existing = findOpen(resolved, drivers.storage);
    if (existing) {
      adoptOptions(existing, given as Record<string, unknown>, connection);
      return existing.database as never;
    }
    assertNotOtherVersions(resolved);
    const diagnostics = diagnosticsOf(resolved);
    const isAdmin = core.__adminToken !== undefined;
    const persistence = openPersistence(drivers.storage, resolved, { isAdmin, diagnostics });
    const reactor = inBrowserLikeHost(
      () =>
        new NodeReactor<AnySchema>({
          core,
          reports: new Reports(core.logger, resolved.secrets),
          diagnostics,
          persistence,
          strict: resolved.durability === 'strict',
          network: resolved.network.lease(),
          ...{ socket, ways, keepAlive, connection },
          versions: { ...versions, '@instantdb/node': `v${nodeVersion}` },
          EventSource: EventSourceImpl,
        }),
    );
    const database = new InstantNodeDatabase<AnySchema, boolean>(reactor, () => forget());
    const forget = noteOpen(database, resolved, drivers.storage);
    return database as never;
  };
}

function diagnosticsOf({ core, instanceKey, secrets }: ResolvedConfig): Diagnostics {
  const { host } = new URL(core.websocketURI);
  return new Diagnostics({ appId: core.appId, instanceKey, host }, (text) => secrets.leaveOut(text));
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
