import { InstantNodeError } from '../../errors.ts';
import { hintAt } from '../../nearest.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import { ensureOAuthProvider, putOAuthClient } from '../auth/oauth/clients.ts';
import { redirectOriginProblem } from '../auth/redirect-origins.ts';
import { addRedirectOrigin, isMagicCode, putTestUser } from '../auth/settings.ts';
import { asEmail } from '../auth/users.ts';

/** How users of an app can sign in, besides magic codes and as guests. */
export interface SignInOptions {
  /** The app's registrations with identity providers. */
  oauthClients?: readonly OAuthClientOptions[];
  /**
   * Where provider sign-ins may redirect to: websites (`https://example.com`) and schemes of mobile and desktop apps
   * (`myapp://`). This machine itself (`localhost`) needs no entry.
   */
  redirectOrigins?: readonly string[];
  /** By email: six digits with which that user can always sign in. */
  testUsers?: Readonly<Record<string, string>>;
}

/** An app's registration with an identity provider; any that speaks OpenID Connect works. */
export interface OAuthClientOptions {
  /** The name clients use: the `clientName` of `createAuthorizationURL` and `signInWithIdToken`. */
  name: string;
  /** The URL of the provider's `/.well-known/openid-configuration`. */
  discoveryEndpoint: string;
  /** The id that the provider gave the app. Without one, id tokens issued for any audience are accepted. */
  clientId?: string;
  /** The secret that the provider gave the app. Stored encrypted. */
  clientSecret?: string;
  /** The name of the provider; clients of one provider share their users. Default: the client's name. */
  provider?: string;
  /** Where the provider redirects browsers back to. Default: this backend's own `/runtime/oauth/callback`. */
  redirectTo?: string;
  /** `allowUnverifiedEmail: true` accepts emails the provider has not verified, for a client without a secret. */
  meta?: JsonObject;
}

const SIGN_IN_OPTIONS: readonly (keyof SignInOptions)[] = ['oauthClients', 'redirectOrigins', 'testUsers'];

interface RedirectRule {
  readonly service: string;
  readonly params: readonly string[];
}

/** Validated options: applying them cannot fail. */
export interface SignInPlan {
  readonly clients: readonly OAuthClientOptions[];
  readonly redirects: readonly RedirectRule[];
  readonly testUsers: readonly (readonly [email: string, code: string])[];
}

/** @throws {InstantNodeError} `invalid-config` that names the unusable option. */
export function parseSignInOptions(options: unknown): SignInPlan {
  if (options === undefined) return { clients: [], redirects: [], testUsers: [] };
  if (!isObject(options)) throw unusable('', 'wanted an object');
  const { oauthClients = [], redirectOrigins = [], testUsers = {}, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw missing(`.${unknown}`, unknown, SIGN_IN_OPTIONS);
  if (!Array.isArray(oauthClients)) throw unusable('.oauthClients', 'wanted an array');
  if (!Array.isArray(redirectOrigins)) throw unusable('.redirectOrigins', 'wanted an array');
  if (!isObject(testUsers)) throw unusable('.testUsers', 'wanted an object of codes by email');
  return {
    clients: oauthClients.map(parseClient),
    redirects: redirectOrigins.map(parseRedirect),
    testUsers: Object.entries(testUsers).map(parseTestUser),
  };
}

/** Sets up an app according to its sign-in options. */
export function applySignInPlan(app: App, { clients, redirects, testUsers }: SignInPlan): void {
  for (const { provider, ...fields } of clients) {
    const providerId = ensureOAuthProvider(app, provider ?? fields.name);
    putOAuthClient(app, app.host.newId(), { ...fields, providerId });
  }
  for (const { service, params } of redirects) addRedirectOrigin(app, service, params);
  for (const [email, code] of testUsers) putTestUser(app, email, code);
}

const CLIENT_CHECKS: { [Name in keyof OAuthClientOptions]-?: (value: unknown) => boolean } = {
  name: (value) => typeof value === 'string' && value !== '',
  discoveryEndpoint: isWebAddress,
  clientId: isOptionalText,
  clientSecret: isOptionalText,
  provider: isOptionalText,
  redirectTo: (value) => value === undefined || isWebAddress(value),
  meta: (value) => value === undefined || isObject(value),
};

function parseClient(client: unknown, index: number, all: unknown[]): OAuthClientOptions {
  const at = `.oauthClients[${index}]`;
  if (!isObject(client)) throw unusable(at, 'wanted an object');
  for (const [name, holds] of Object.entries(CLIENT_CHECKS)) {
    // The value is left out of the message: it may be the secret.
    if (!holds(client[name])) throw unusable(`${at}.${name}`, 'it is missing or malformed');
  }
  const unknown = Object.keys(client).find((name) => !Object.hasOwn(CLIENT_CHECKS, name));
  if (unknown !== undefined) throw missing(`${at}.${unknown}`, unknown, Object.keys(CLIENT_CHECKS));
  if (all.findIndex((other) => isObject(other) && other.name === client.name) < index) {
    throw unusable(`${at}.name`, 'another client has this name');
  }
  return client as unknown as OAuthClientOptions;
}

function parseRedirect(address: unknown, index: number): RedirectRule {
  const at = `.redirectOrigins[${index}]`;
  if (typeof address !== 'string' || !URL.canParse(address)) throw unusable(at, 'wanted an address');
  const { protocol, host } = new URL(address);
  const isWeb = protocol === 'http:' || protocol === 'https:';
  const rule = isWeb
    ? { service: 'generic', params: [host] }
    : { service: 'custom-scheme', params: [protocol.slice(0, -1)] };
  const problem = redirectOriginProblem(rule.service, rule.params);
  if (problem !== undefined) throw unusable(at, problem);
  return rule;
}

function parseTestUser([name, code]: [string, unknown]): readonly [string, string] {
  const email = asEmail(name);
  if (email === undefined) throw unusable(`.testUsers["${name}"]`, 'wanted an email');
  if (!isMagicCode(code)) throw unusable(`.testUsers["${name}"]`, 'wanted a code of six digits');
  return [email, code];
}

function isWebAddress(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value);
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value !== '');
}

function missing(where: string, name: string, known: readonly string[]): InstantNodeError {
  return unusable(where, 'there is none', hintAt(name, known));
}

function unusable(where: string, problem: string, hint?: string): InstantNodeError {
  return new InstantNodeError(
    'invalid-config',
    `Cannot use option "signIn${where}" of createApp: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
