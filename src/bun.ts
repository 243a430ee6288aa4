/**
 * The Instant client for Bun.
 *
 * @module
 */
import './client/core.ts';

import { bindInit, type Init } from './client/init.ts';
import { storageKinds } from './drivers/storage/kinds/index.ts';
import { nativeSocketDriver } from './drivers/websocket/native.ts';
import { wsDriver } from './drivers/websocket/ws.ts';

// Here and not in exports.ts: a bundle that is split into chunks loses an `export *` that goes through one of them.
export * from '@instantdb/core';
export * from './client/exports.ts';
export { i, type SchemaBuilder } from './client/schema/schema-builder.ts';

/** Opens a database, or returns the one that is open with the same options. */
export const init: Init = bindInit({
  // Bun's native socket cannot be unreferenced, so it always holds the process; the one behind `ws` can (seen on Bun
  // 1.4.5).
  socket: (hold) => (hold ? nativeSocketDriver : wsDriver),
  storage: storageKinds,
});

/** @deprecated Core's old name for {@link init}. */
export const init_experimental: Init = init;
