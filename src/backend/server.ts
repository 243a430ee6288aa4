import { randomUUID } from 'node:crypto';
import type { Listen, Listener } from '../drivers/listen/contract.ts';
import { InstantNodeError } from '../errors.ts';
import type { AppStatus } from '../protocol/down.ts';
import { ServerError } from '../protocol/error.ts';
import type { App } from './app.ts';
import { Apps } from './apps.ts';
import { checkDataSet, type DataSet, snapshotOf } from './data-set.ts';
import type { BackendHost } from './host.ts';
import { createRouter } from './http/router.ts';
import { allRoutes } from './http/routes.ts';
import {
  type BackendOptions,
  type CreateAppOptions,
  checkCreateAppOptions,
  type ResolvedBackendOptions,
  resolveBackendOptions,
} from './options.ts';
import { parseDefinitions } from './schema/definitions.ts';
import { newAttrs } from './schema/new-attrs.ts';
import { Session } from './session.ts';

/** An app of a {@link Backend}, as its owner holds it. */
export interface BackendApp {
  readonly id: string;
  readonly title: string;
  /** Gives whoever presents it every right in this app. */
  readonly adminToken: string;
  readonly status: AppStatus;
  /** Changes the status; open sessions are told. */
  setStatus(status: AppStatus): void;
  /**
   * Puts a data set in as it is, with the times its triples carry, as one transaction; live queries are refreshed.
   * Much faster than transactions, because beyond its shape nothing is checked: not types, not uniqueness.
   *
   * @throws {InstantNodeError} `invalid-config` when it is no data set; then nothing is loaded.
   */
  load(data: Partial<DataSet>): void;
  /** All that the app holds, as a copy, in an order that depends on the content alone. `load` takes it back. */
  snapshot(): DataSet;
}

/** A running local backend. */
export interface Backend {
  /** Where its HTTP endpoints are: the `apiURI` for a client. */
  readonly url: string;
  /** Where its sessions are: the `websocketURI` for a client. */
  readonly websocketURI: string;
  readonly port: number;
  /**
   * Creates an app; clients can use it at once.
   *
   * @throws {InstantNodeError} `invalid-config` that names the option that cannot be used.
   */
  createApp(options?: CreateAppOptions): BackendApp;
  /**
   * Ends all sessions and stops listening. Resolves within a few seconds at worst, whatever the clients do; nothing
   * of the backend holds the process afterwards. What the apps held is gone. Repeatable.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const SESSION_PATH = '/runtime/session';

/** Starts a backend that listens with the given driver. */
export async function startBackendWith(listen: Listen, options: BackendOptions = {}): Promise<Backend> {
  const resolved = resolveBackendOptions(options);
  const host = createHost(resolved);
  const apps = new Apps(host);
  const listener = await listen({
    host: resolved.host,
    port: resolved.port,
    fetch: createRouter(allRoutes(apps, host), host.report),
    upgrade: ({ pathname }) =>
      pathname === SESSION_PATH
        ? (peer) => {
            const session = new Session(peer, apps, host);
            return { message: (data) => session.receive(data), closed: () => session.closed() };
          }
        : undefined,
  });
  const backend = createBackend(listener, resolved, (appOptions) => createApp(apps, host, appOptions));
  resolved.log({ level: 'info', message: `Listening on ${backend.url}` });
  return backend;
}

function createHost({ now, log }: ResolvedBackendOptions): BackendHost {
  let txId = 0;
  return {
    now,
    newId: () => randomUUID(),
    nextTxId: () => ++txId,
    report(doing, error) {
      try {
        log({ level: 'error', message: `Cannot ${doing}`, error });
      } catch {
        // A log that fails must not take the sessions down with it.
      }
    },
  };
}

function createBackend(
  { port, close }: Listener,
  { host }: ResolvedBackendOptions,
  create: (options: CreateAppOptions) => BackendApp,
): Backend {
  const authority = `${reachable(host)}:${port}`;
  return {
    url: `http://${authority}`,
    websocketURI: `ws://${authority}${SESSION_PATH}`,
    port,
    createApp: (options = {}) => create(options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A host as it stands in an address. "Every address of this machine" is none that can be connected to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function createApp(apps: Apps, host: BackendHost, options: CreateAppOptions): BackendApp {
  checkCreateAppOptions(options);
  const id = options.id?.toLowerCase() ?? host.newId();
  if (apps.has(id)) {
    throw new InstantNodeError(
      'invalid-config',
      `Cannot use option "id" of createApp: app "${id}" exists already`,
    );
  }
  try {
    const identity = { id, title: options.title ?? 'Local app', ephemeral: false };
    const definitions = options.schema === undefined ? undefined : parseDefinitions(options.schema);
    return asBackendApp(
      apps.create(identity, ({ catalog }) => (definitions ? newAttrs(definitions, catalog, host.newId) : [])),
    );
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    const message = `Cannot use option "schema" of createApp: ${cause.message}`;
    throw new InstantNodeError('invalid-config', message, { cause });
  }
}

function asBackendApp(app: App): BackendApp {
  const { id, title, adminToken } = app.identity;
  return {
    id,
    title,
    adminToken,
    get status() {
      return app.status;
    },
    setStatus: (status) => app.setStatus(status),
    load(data) {
      const { attrs, triples } = checkDataSet(data, app.data);
      app.load(attrs, triples);
    },
    snapshot: () => snapshotOf(app.data),
  };
}
