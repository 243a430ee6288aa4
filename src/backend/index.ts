/**
 * The local backend: a server of Instant's protocol, inside the process, ready in milliseconds. For development,
 * tests, CI and one machine; production runs against an Instant deployment, with the same code and other URIs.
 *
 * @module
 */
import { listen } from '../drivers/listen/index.ts';
import type { Backend } from './backend.ts';
import type { BackendOptions } from './options.ts';
import { startBackendWith } from './server.ts';

export type { Attr, CheckedDataType, Ident, InferredType, Triple } from '../protocol/attr.ts';
export type { AppStatus } from '../protocol/down.ts';
export type { JsonObject, JsonValue } from '../protocol/json.ts';
export type { DataSet, Snapshot } from './app/data-set.ts';
export type { BackendLogEntry, RequestEntry } from './app/log-entries.ts';
export type { OAuthClientOptions, SignInOptions } from './apps/sign-in-options.ts';
export type { Backend } from './backend.ts';
export type { BackendApp } from './backend-app.ts';
export type {
  BackendOptions,
  CreateAppOptions,
  EphemeralAppOptions,
} from './options.ts';

/**
 * Starts a local backend, on the native server of whichever runtime this is. It keeps the process alive until it is
 * closed; what its apps hold is gone then, unless a folder was given for it as `data`.
 *
 * ```ts
 * await using backend = await startBackend();
 * const app = backend.createApp();
 * const db = init({ appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI });
 * ```
 *
 * Where a backend of this process has the folder already, gives that one, as `init` does with a database: options that are
 * functions are those of the last call, and another value of any other is `invalid-config`.
 *
 * @throws {InstantNodeError} `invalid-config` that names an option that cannot be used, `backend` when the address
 * cannot be bound, `storage` when the folder is in use, is damaged or is not one of ours: it is left as it was;
 * `storage-locked` when another version of this package has it in this process.
 */
export function startBackend(options?: BackendOptions): Promise<Backend> {
  return startBackendWith(listen, options);
}
