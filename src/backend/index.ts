/**
 * The local backend: a server that speaks Instant's protocol, inside the process, ready in milliseconds. For
 * development, tests, CI and single-machine use; production runs against an Instant deployment, with the same code and
 * other URIs.
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
 * Starts a local backend on the current runtime's native server. It keeps the process alive until it is closed; the
 * apps' data is gone then, unless a folder for it was given as `data`.
 *
 * ```ts
 * await using backend = await startBackend();
 * const app = backend.createApp();
 * const db = init({ appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI });
 * ```
 *
 * If a backend of this process already uses the folder, returns that one, as `init` does with a database: options that
 * are functions are replaced by those of the latest call; a different value for any other option is `invalid-config`.
 *
 * @throws {InstantNodeError} `invalid-config` that names the unusable option; `backend` when the address cannot be
 * bound; `storage` when the folder is in use, damaged or not one of ours, in which case it is left untouched;
 * `storage-locked` when another version of this package has it open in this process.
 */
export function startBackend(options?: BackendOptions): Promise<Backend> {
  return startBackendWith(listen, options);
}
