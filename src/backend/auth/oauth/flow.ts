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

/** An app, and the providers that it knows. */
export interface OAuthApp {
  readonly app: AuthApp;
  readonly providers: Providers;
}

/** A sign-in at a provider, as an app begins it. */
export interface OAuthStart {
  readonly clientName: string;
  /** Where in the app it is to lead to. */
  readonly redirectUri: string;
  /** What the app wants to be told again in the end. */
  readonly state?: string | undefined;
  readonly challenge: string | undefined;
  readonly method: string | undefined;
  /** The domain that Google is to offer accounts of. */
  readonly hd?: string | undefined;
  /** Where this server takes browsers that come back, unless the client says otherwise. */
  readonly callback: string;
}

/** Where a browser has to go, and the cookie it has to take along. */
export interface OAuthDeparture {
  readonly location: string;
  readonly cookie: string;
}

/** Begins a sign-in at a provider. */
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

/** Where a browser that came back goes on to, and who is in it. */
export interface OAuthArrival {
  readonly location: string;
  readonly email: string;
}

/**
 * Takes a browser that comes back from a provider: asks the provider who it is, and sends the browser on to the app
 * with a code for that.
 *
 * @throws {OAuthError} that names where the app is to be told, once that is known.
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

/** Where an app is told that a sign-in failed. */
export function failureLocation(redirectUrl: string, message: string): string {
  return withParams(redirectUrl, { error: message, _instant_oauth_redirect: 'true' });
}

/** @throws {ServerError} `validation-failed` when the page of another website asks for what only the app's own may. */
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
