import { resolve } from 'node:path';
import type { Listen, Listener, Peer, PeerEvents, Sender } from '../drivers/listen/contract.ts';
import { exposureOf } from '../drivers/storage/exposure.ts';
import { unsyncedNamesOf } from '../drivers/storage/folder-sync.ts';
import { InstantNodeError } from '../errors.ts';
import type { AppPersistence } from './app/app-persistence.ts';
import { Apps } from './apps/apps.ts';
import type { BackendHost } from './apps/backend-host.ts';
import { asBackend, type Backend, SESSION_PATH } from './backend.ts';
import { createHost } from './create-host.ts';
import { isEveryAddress } from './http/requests/addresses.ts';
import { createGate } from './http/requests/gate.ts';
import { observed } from './http/requests/observed.ts';
import { createRouter, type Handler } from './http/requests/router.ts';
import { allRoutes } from './http/routes.ts';
import { createNoPersistence } from './keep/no-persistence.ts';
import { openPersistence } from './keep/open-persistence.ts';
import { assertNotOtherVersions, findOpen, noteOpen, type RunningOptions } from './open-backends.ts';
import { type BackendOptions, type ResolvedBackendOptions, resolveBackendOptions } from './options.ts';
import { Session } from './sessions/session.ts';
import { SseSessions } from './sessions/sse-sessions.ts';

/**
 * Starts a backend that listens with the given driver. If a backend of this process already has the folder, returns
 * that one, which uses the functions among these options from now on.
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

/** Options whose functions read `live` on each call. */
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
  const persistence = persistenceFor(wanted, (error) => {
    host.report('keep the data of the apps', error);
    void stop?.();
  });
  const resolved = options.personalAccessToken === undefined ? withKeptToken(wanted, persistence) : wanted;
  const host = createHost(resolved, persistence);
  try {
    const apps = new Apps(host);
    revive(apps, persistence, resolved);
    const sse = new SseSessions(apps, host);
    await host.files.content.sweep((place) => apps.usesContent(place));
    const listener = await listenFor(listen, resolved, { apps, host, sse });
    stop = once(async () => {
      ended();
      sse.end();
      await listener.close();
      persistence.close();
    });
    const { host: hostname, personalAccessToken } = resolved;
    const { port } = listener;
    const backend = asBackend({ hostname, port, personalAccessToken, apps, host, close: stop });
    host.files.urls.origin = backend.url;
    warnOfWeakness(resolved);
    warnOfNetwork(resolved);
    resolved.log({ level: 'info', message: `Listening on ${backend.url}` });
    return backend;
  } catch (error) {
    persistence.close();
    throw error;
  }
}

/** The token for all apps is persisted along with them, so that `instant-cli` can keep using the one it has. */
function withKeptToken(options: ResolvedBackendOptions, persistence: AppPersistence): ResolvedBackendOptions {
  const make = (): string => options.personalAccessToken;
  return { ...options, personalAccessToken: persistence.lasting('personal-access-token', make) };
}

function persistenceFor(
  { data }: ResolvedBackendOptions,
  failed: (error: InstantNodeError) => void,
): AppPersistence {
  return data === undefined ? createNoPersistence() : openPersistence(data, failed);
}

function revive(apps: Apps, persistence: AppPersistence, { data }: ResolvedBackendOptions): void {
  try {
    for (const app of persistence.apps()) apps.revive(app);
  } catch (cause) {
    throw new InstantNodeError('storage', `Cannot read the apps in "${data}": the data is damaged`, {
      cause,
    });
  }
}

function warnOfWeakness({ data, log }: ResolvedBackendOptions): void {
  if (data === undefined) return;
  const folder = resolve(data);
  // A closed folder protects everything inside it, so checking the folder itself is enough.
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
    fetch: data === undefined ? router : answerWhenDurable(router, host.persistence),
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
  // Other sessions may have opened during this one's handshake.
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

/** Delays every answer until everything it may reveal is durable. */
function answerWhenDurable(answer: Handler, persistence: AppPersistence): Handler {
  return async (request, ip, whenAnswered) => {
    const response = await answer(request, ip, whenAnswered);
    await new Promise<void>((resolve) => persistence.whenDurable(resolve));
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
