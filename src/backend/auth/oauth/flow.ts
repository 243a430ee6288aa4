import { validationFailed } from '../../../protocol/error.ts';
import type { AuthApp } from '../auth-app.ts';
import { isAuthorizedRedirect } from '../redirect-origins.ts';
import { signInSettings } from '../settings.ts';
import { findOAuthClient, getOAuthClient, type OAuthClient } from './clients.ts';
import { createOAuthCode } from './codes.ts';
import { exchangeProviderCode } from './exchange-code.ts';
import type { Identity } from './identity.ts';
import { OAuthError } from './oauth-error.ts';
import type { Providers } from './provider.ts';
import { consumeRedirect, createRedirect, type OAuthRedirect, type RedirectSecrets } from './redirects.ts';

/** An app, and its providers. */
export interface OAuthApp {
  readonly app: AuthApp;
  readonly providers: Providers;
}

/** A provider sign-in, as an app starts it. */
export interface OAuthStart {
  readonly clientName: string;
  /** Where in the app to redirect in the end. */
  readonly redirectUri: string;
  /** Passed back to the app in the end. */
  readonly state?: string | undefined;
  readonly challenge: string | undefined;
  readonly method: string | undefined;
  /** The domain whose accounts Google should offer. */
  readonly hd?: string | undefined;
  /** The callback of this server that browsers return to, unless the client names another one. */
  readonly callback: string;
}

/** Where to redirect the browser, and the cookie to set. */
export interface OAuthDeparture {
  readonly location: string;
  readonly cookie: string;
}

/** Starts a sign-in at a provider. */
export async function startOAuth({ app, providers }: OAuthApp, start: OAuthStart): Promise<OAuthDeparture> {
  const client = getOAuthClient(app, start.clientName);
  assertRedirect(app, start.redirectUri);
  const provider = await providers.get(client.discoveryEndpoint, app.host.now());
  if (provider.authorizationEndpoint === undefined || client.clientId === undefined) {
    throw new OAuthError('The OAuth client is for id tokens alone.');
  }
  const redirectTo = client.redirectTo ?? start.callback;
  const { state, cookie } = createRedirect(app, {
    oauthClientId: client.id,
    redirectUrl:
      start.state === undefined ? start.redirectUri : withParams(start.redirectUri, { state: start.state }),
    redirectTo,
    challenge: start.challenge,
    method: start.method,
  });
  const location = withParams(provider.authorizationEndpoint, {
    scope: 'email openid',
    response_type: 'code',
    response_mode: 'form_post',
    state: app.identity.id + state,
    redirect_uri: redirectTo,
    client_id: client.clientId,
    ...(start.hd !== undefined && { hd: start.hd }),
  });
  return { location, cookie };
}

/** What a browser brings back from a provider. */
export interface OAuthReturn extends RedirectSecrets {
  readonly code: string | undefined;
}

/** Where to redirect a browser that came back, and the email of its user. */
export interface OAuthArrival {
  readonly location: string;
  readonly email: string;
}

/**
 * Handles a browser that comes back from a provider: asks the provider for the identity, and redirects the browser to
 * the app with a code for it.
 *
 * @throws {OAuthError} that says where to report the failure to the app, once that is known.
 */
export async function finishOAuth(
  { app, providers }: OAuthApp,
  { code, ...secrets }: OAuthReturn,
): Promise<OAuthArrival> {
  const redirect = consumeRedirect(app, secrets);
  if (code === undefined) throw new OAuthError('Missing code param in OAuth redirect.');
  const client = findOAuthClient(app, redirect.oauthClientId);
  if (!client) throw new OAuthError('Missing OAuth client.');
  const identity = await identityAt({ app, providers }, client, { code, redirect });
  const own = createOAuthCode(app, { oauthClientId: client.id, identity }, redirect);
  const location = withParams(redirect.redirectUrl, { code: own, _instant_oauth_redirect: 'true' });
  return { location, email: identity.email };
}

async function identityAt(
  { app, providers }: OAuthApp,
  client: OAuthClient,
  { code, redirect }: { code: string; redirect: OAuthRedirect },
): Promise<Identity & { email: string }> {
  const now = app.host.now();
  try {
    const provider = await providers.get(client.discoveryEndpoint, now);
    return await exchangeProviderCode({ client, provider, code, redirectTo: redirect.redirectTo, now });
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    throw new OAuthError(error.message, redirect.redirectUrl, { cause: error });
  }
}

/** The URL that reports a failed sign-in to the app. */
export function failureLocation(redirectUrl: string, message: string): string {
  return withParams(redirectUrl, { error: message, _instant_oauth_redirect: 'true' });
}

/** @throws {ServerError} `validation-failed` when a page of an unauthorized origin makes the request. */
export function assertRequestOrigin(app: AuthApp, origin: string | null): void {
  if (origin === null || isAuthorizedRedirect(signInSettings(app).redirectOrigins, origin)) return;
  throw validationFailed('origin', origin, [{ message: 'Unauthorized origin.' }]);
}

function assertRedirect(app: AuthApp, redirectUri: string): void {
  if (isAuthorizedRedirect(signInSettings(app).redirectOrigins, redirectUri)) return;
  const message =
    "Invalid redirect_uri. If you're the developer, make sure to add your website to the list of approved domains.";
  throw validationFailed('redirect-uri', redirectUri, [{ message }]);
}

function withParams(address: string, params: Readonly<Record<string, string>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url.href;
}
