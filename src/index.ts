/**
 * The Instant client for Node, Bun and Deno: finds out at the first call which of them it runs on. What npm's `.` gives
 * where no export condition chose, and what JSR's `.` is.
 *
 * @module
 */
import './client/core.ts';

import { bindInit, type Init } from './client/init.ts';
import { storageKinds } from './drivers/storage/kinds/index.ts';
import { nativeSocketDriver } from './drivers/websocket/native.ts';
import { wsDriver } from './drivers/websocket/ws.ts';
import { detectRuntime } from './runtime/detect.ts';

// Here and not in exports.ts: a bundle that is split into chunks loses an `export *` that goes through one of them.
export * from '@instantdb/core';
export * from './client/exports.ts';
export { i, type SchemaBuilder } from './client/schema/schema-builder.ts';

/**
 * Opens a database, or returns the one that is open with the same options. Throws code `unsupported-runtime` where
 * none of Node, Bun and Deno is found.
 */
export const init: Init = bindInit({
  socket: (hold) => (detectRuntime() === 'bun' && hold ? nativeSocketDriver : wsDriver),
  storage: storageKinds,
});

/** @deprecated Core's old name for {@link init}. */
export const init_experimental: Init = init;
