/**
 * The Instant client for Deno.
 *
 * @module
 */
import './client/core.ts';

import { bindInit, type Init } from './client/init.ts';
import { networkKinds } from './drivers/network/index.ts';
import { storageKinds } from './drivers/storage/kinds/index.ts';
import { socketDriverFor } from './drivers/websocket/socket-driver-for.ts';

// Here and not in exports.ts: a bundle that is split into chunks loses an `export *` that goes through one of them.
export * from '@instantdb/core';
export * from './client/exports.ts';
export { i, type SchemaBuilder } from './client/schema/schema-builder.ts';

/** Opens a database, or returns the one that is open with the same options. */
export const init: Init = bindInit({
  socket: socketDriverFor,
  storage: storageKinds,
  network: networkKinds,
});

/** @deprecated Core's old name for {@link init}. */
export const init_experimental: Init = init;
