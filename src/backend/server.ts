import { resolve } from 'node:path';
import type { Listen, Listener, Peer, PeerEvents, Sender } from '../drivers/listen/contract.ts';
import { exposureOf } from '../drivers/storage/exposure.ts';
import { unsyncedNamesOf } from '../drivers/storage/folder-sync.ts';
import { InstantNodeError } from '../errors.ts';
import { ServerError } from '../protocol/error.ts';
import { isObject } from '../protocol/json.ts';
import type { BackendHost } from './app/app-host.ts';
import { createForgetfulKeeper, type Keeper } from './app/keeper.ts';
import { Apps } from './apps/apps.ts';
import { createAppFrom } from './apps/create-app-from.ts';
import { applySignInPlan, parseSignInOptions } from './apps/sign-in-options.ts';
import { asBackendApp, type BackendApp } from './backend-app.ts';
import { createHost } from './create-host.ts';
import { isEveryAddress } from './http/requests/addresses.ts';
import { createGate } from './http/requests/gate.ts';
import { createRouter, type Handler } from './http/requests/router.ts';
import { allRoutes } from './http/routes.ts';
import { openKeeper } from './keep/open-keeper.ts';
import { assertNotOtherVersions, findOpen, noteOpen, type RunningOptions } from './open-backends.ts';
import {
  type BackendOptions,
  type CreateAppOptions,
  checkCreateAppOptions,
  type ResolvedBackendOptions,
  resolveBackendOptions,
} from './options.ts';
import { refusalText } from './refusal-text.ts';
import { observed } from './session/request-entry.ts';
import { Session } from './sessions/session.ts';
import { SseSessions } from './sessions/sse-sessions.ts';

/** A running local backend. */
export interface Backend {
  /** Where its HTTP endpoints are: the `apiURI` for a client. */
  readonly url: string;
  /** Where its sessions are: the `websocketURI` for a client. */
  readonly websocketURI: string;
  /** The port that was bound, also when option `port` was 0. */
  readonly port: number;
  /** Gives every right in every app, see {@link BackendOptions.personalAccessToken}. It is a secret. */
  readonly personalAccessToken: string;
  /** The apps there are, in the order of their creation; with `data`, those of earlier runs among them. */
  apps(): BackendApp[];
  /** The app with this id; undefined when there is none. */
  app(id: string): BackendApp | undefined;
  /** The magic code that was sent last in an app, see {@link BackendApp.magicCode}; undefined when there is none. */
  magicCode(app: BackendApp | string, email: string): string | undefined;
  /**
   * Creates an app; clients can use it at once.
   *
   * @throws {InstantNodeError} `invalid-config` that names the option that cannot be used, or `closed`.
   */
  createApp(options?: CreateAppOptions): BackendApp;
  /**
   * Ends all sessions and stops listening. Resolves within a few seconds at worst, whatever the clients do; nothing
   * of the backend holds the process afterwards. What the apps held is gone, unless there is `data`. Repeatable.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const SESSION_PATH = '/runtime/session';

/**
 * Starts a backend that listens with the given driver. Where a backend of this process has the folder already, gives that,
 * which goes by the functions among these options from now on.
 */
export async function startBackendWith(listen: Listen, options: BackendOptions = {}): Promise<Backend> {
  const wanted = resolveBackendOptions(options);
  if (wanted.data === undefined) return start(listen, options, wanted, () => {});
  const folder = resolve(wanted.data);
  const open = findOpen(folder);
  if (open) {
    await open.adopt(options, wanted);
    return open.backend;
  }
  assertNotOtherVersions(folder);
  const { log, now, onRequest } = wanted;
  const live = { log, now, onRequest };
  const backend = start(listen, options, followed(wanted, live), () => forget());
  const forget = noteOpen(folder, backend, { resolved: wanted, live });
  backend.catch(forget);
  return backend;
}

/** Options that go by what `live` has at the time. */
function followed(options: ResolvedBackendOptions, live: RunningOptions['live']): ResolvedBackendOptions {
  return {
    ...options,
    log: (entry) => live.log(entry),
    now: () => live.now(),
    onRequest: options.onRequest && ((entry) => live.onRequest?.(entry)),
  };
}

async function start(
  listen: Listen,
  options: BackendOptions,
  wanted: ResolvedBackendOptions,
  ended: () => void,
): Promise<Backend> {
  let stop: (() => Promise<void>) | undefined;
  const keeper = keeperFor(wanted, (error) => {
    host.report('keep the data of the apps', error);
    void stop?.();
  });
  const resolved = options.personalAccessToken === undefined ? withKeptToken(wanted, keeper) : wanted;
  const host = createHost(resolved, keeper);
  try {
    const apps = new Apps(host);
    revive(apps, keeper, resolved);
    const sse = new SseSessions(apps, host);
    await host.files.content.sweep((place) => apps.usesContent(place));
    const listener = await listenFor(listen, resolved, { apps, host, sse });
    stop = once(async () => {
      ended();
      sse.end();
      await listener.close();
      keeper.close();
    });
    const backend = createBackend({ port: listener.port, close: stop }, resolved, apps, host);
    host.files.urls.origin = backend.url;
    warnOfWeakness(resolved);
    warnOfNetwork(resolved);
    resolved.log({ level: 'info', message: `Listening on ${backend.url}` });
    return backend;
  } catch (error) {
    keeper.close();
    throw error;
  }
}

/** Where apps are kept, so is the token for all of them: `instant-cli` goes on with the one that it has. */
function withKeptToken(options: ResolvedBackendOptions, keeper: Keeper): ResolvedBackendOptions {
  const make = (): string => options.personalAccessToken;
  return { ...options, personalAccessToken: keeper.lasting('personal-access-token', make) };
}

function keeperFor({ data }: ResolvedBackendOptions, failed: (error: InstantNodeError) => void): Keeper {
  return data === undefined ? createForgetfulKeeper() : openKeeper(data, failed);
}

function revive(apps: Apps, keeper: Keeper, { data }: ResolvedBackendOptions): void {
  try {
    for (const app of keeper.apps()) apps.revive(app);
  } catch (cause) {
    throw new InstantNodeError('storage', `Cannot read the apps in "${data}": the data is damaged`, {
      cause,
    });
  }
}

function warnOfWeakness({ data, log }: ResolvedBackendOptions): void {
  if (data === undefined) return;
  const folder = resolve(data);
  // Closed, it closes all that is in it.
  for (const weakness of [exposureOf(folder), unsyncedNamesOf(folder)]) {
    if (!weakness) continue;
    log({ level: 'warning', message: `Opened the data folder: ${weakness.what}. ${weakness.hint}` });
  }
}

function warnOfNetwork({ host, log }: ResolvedBackendOptions): void {
  if (!isEveryAddress(host)) return;
  const message = `Listening on ${host}: everybody in the network can reach this backend, and whoever has a token of it may do all that this allows. For this machine only leave out option "host", --host; else see to it that a firewall admits only whom you mean`;
  log({ level: 'warning', message });
}

function listenFor(
  listen: Listen,
  options: ResolvedBackendOptions,
  { apps, host, sse }: { apps: Apps; host: BackendHost; sse: SseSessions },
): Promise<Listener> {
  const { host: hostname, port, data } = options;
  const gate = createGate(options);
  const router = observed(createRouter(allRoutes(apps, host, sse), gate, host), host.onRequest);
  return listen({
    host: hostname,
    port,
    fetch: data === undefined ? router : answerWhenSafe(router, host.keeper),
    upgrade: ({ pathname }, sender) => {
      if (pathname !== SESSION_PATH) return undefined;
      if (!gate.admitsHost(sender.host)) return 403;
      return host.newcomers.hasRoomFor(sender.ip)
        ? (peer) => serveSession(peer, sender, { apps, host })
        : 503;
    },
  });
}

function serveSession(
  peer: Peer,
  sender: Sender,
  { apps, host }: { apps: Apps; host: BackendHost },
): PeerEvents {
  // Others may have come while this one shook hands.
  if (!host.newcomers.hasRoomFor(sender.ip)) {
    peer.close(1013, 'Too many sessions wait for an init that is accepted');
    return { message() {}, closed() {} };
  }
  const session = new Session(peer, apps, host, sender);
  return {
    get maxMessageBytes() {
      return session.maxMessageBytes;
    },
    message: (data) => session.receive(data),
    closed: () => session.closed(),
  };
}

/** Holds every answer back until nothing that it may tell of can be lost. */
function answerWhenSafe(answer: Handler, keeper: Keeper): Handler {
  return async (request, ip, whenAnswered) => {
    const response = await answer(request, ip, whenAnswered);
    await new Promise<void>((resolve) => keeper.whenSafe(resolve));
    return response;
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

function createBackend(
  { port, close }: Listener,
  { host: hostname, personalAccessToken }: ResolvedBackendOptions,
  apps: Apps,
  host: BackendHost,
): Backend {
  const authority = `${reachable(hostname)}:${port}`;
  const find = (id: string): BackendApp | undefined => {
    const app = apps.list().find(({ identity }) => identity.id === id.toLowerCase());
    return app && asBackendApp(app);
  };
  let isClosed = false;
  const end = (): Promise<void> => {
    isClosed = true;
    return close();
  };
  return {
    url: `http://${authority}`,
    websocketURI: `ws://${authority}${SESSION_PATH}`,
    port,
    personalAccessToken,
    apps: () => apps.list().map(asBackendApp),
    app: find,
    magicCode: (app, email) => find(typeof app === 'string' ? app : app.id)?.magicCode(email),
    createApp(options = {}) {
      if (isClosed) {
        throw new InstantNodeError('closed', 'Cannot call createApp(): the backend is closed', {
          hint: 'Call startBackend() again for a new one',
        });
      }
      return createApp(apps, host, options);
    },
    close: end,
    [Symbol.asyncDispose]: end,
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
  const signIn = parseSignInOptions(options.signIn);
  const { schema, rules, title = 'Local app' } = options;
  const identity = { id, title, ephemeral: false, trustsProviders: true } as const;
  try {
    const app = createAppFrom({ apps, host }, { identity, schema, rules, asPushed: true });
    applySignInPlan(app, signIn);
    app.keepAsInitial();
    return asBackendApp(app);
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    const option = isObject(cause.hint) && cause.hint['data-type'] === 'rule' ? 'rules' : 'schema';
    const message = `Cannot use option "${option}" of createApp: ${refusalText(cause)}`;
    throw new InstantNodeError('invalid-config', message, { cause });
  }
}
