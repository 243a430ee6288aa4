import { InstantNodeError } from '../errors.ts';
import { ServerError } from '../protocol/error.ts';
import { isObject } from '../protocol/json.ts';
import type { Apps } from './apps/apps.ts';
import type { BackendHost } from './apps/backend-host.ts';
import { createAppFrom } from './apps/create-app-from.ts';
import { applySignInPlan, parseSignInOptions } from './apps/sign-in-options.ts';
import { asBackendApp, type BackendApp } from './backend-app.ts';
import { type CreateAppOptions, checkCreateAppOptions } from './options.ts';
import { refusalText } from './refusal-text.ts';

/** A running local backend. */
export interface Backend {
  /** Where its HTTP endpoints are: the `apiURI` for a client. */
  readonly url: string;
  /** Where its sessions are: the `websocketURI` for a client. */
  readonly websocketURI: string;
  /** The port that was bound, even when option `port` was 0. */
  readonly port: number;
  /** Grants every right in every app, see {@link BackendOptions.personalAccessToken}. It is a secret. */
  readonly personalAccessToken: string;
  /** All apps in the order of their creation; with `data`, including those of earlier runs. */
  apps(): BackendApp[];
  /** The app with this id; undefined when there is none. */
  app(id: string): BackendApp | undefined;
  /** The last magic code sent in an app, see {@link BackendApp.magicCode}; undefined when there is none. */
  magicCode(app: BackendApp | string, email: string): string | undefined;
  /**
   * Creates an app; clients can use it at once.
   *
   * @throws {InstantNodeError} `invalid-config` that names the unusable option, or `closed`.
   */
  createApp(options?: CreateAppOptions): BackendApp;
  /**
   * Ends all sessions and stops listening. Resolves within a few seconds at worst, whatever the clients do; afterwards
   * nothing of the backend keeps the process alive. The apps' data is gone, unless `data` was given. Repeatable.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where sessions are opened. */
export const SESSION_PATH = '/runtime/session';

/** The parts behind a {@link Backend}. */
export interface BackendParts {
  /** The address it was bound to. */
  readonly hostname: string;
  readonly port: number;
  readonly personalAccessToken: string;
  readonly apps: Apps;
  readonly host: BackendHost;
  close(): Promise<void>;
}

/** The running backend as the program that started it sees it. */
export function asBackend(parts: BackendParts): Backend {
  const { hostname, port, personalAccessToken, apps, host } = parts;
  const authority = `${reachable(hostname)}:${port}`;
  const find = (id: string): BackendApp | undefined => {
    const found = apps.list().find(({ app }) => app.identity.id === id.toLowerCase());
    return found && asBackendApp(found);
  };
  let isClosed = false;
  const end = (): Promise<void> => {
    isClosed = true;
    return parts.close();
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

/** Formats a host for a URL. A wildcard address cannot be connected to, so loopback stands in for it. */
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
    const served = createAppFrom({ apps, host }, { identity, schema, rules, asPushed: true });
    applySignInPlan(served.app, signIn);
    served.app.keepAsInitial();
    return asBackendApp(served);
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    const option = isObject(cause.hint) && cause.hint['data-type'] === 'rule' ? 'rules' : 'schema';
    const message = `Cannot use option "${option}" of createApp: ${refusalText(cause)}`;
    throw new InstantNodeError('invalid-config', message, { cause });
  }
}
