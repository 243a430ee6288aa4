/**
 * The Instant client for Node, Bun and Deno, which detects the runtime at the first call. npm's `.` resolves to it when
 * no export condition matches, and JSR's `.` always does.
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

/**
 * Opens a database, or returns the one that is open with the same options. Throws code `unsupported-runtime` when none
 * of Node, Bun and Deno is found.
 */
export const init: Init = bindInit({
  socket: socketDriverFor,
  storage: storageKinds,
  network: networkKinds,
});

/** @deprecated Core's old name for {@link init}. */
export const init_experimental: Init = init;
