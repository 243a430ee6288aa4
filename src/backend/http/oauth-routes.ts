import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import { findOAuthClient, getOAuthClient } from '../auth/oauth/clients.ts';
import { consumeOAuthCode } from '../auth/oauth/codes.ts';
import { assertRequestOrigin } from '../auth/oauth/flow.ts';
import { checkNonce, identityOf, verifyIdToken } from '../auth/oauth/id-token.ts';
import { signInWithIdentity } from '../auth/oauth/identity.ts';
import { OAuthError } from '../auth/oauth/oauth-error.ts';
import { getUserForToken } from '../auth/refresh-tokens.ts';
import { guestForToken } from '../auth/sign-in.ts';
import { isGuest } from '../auth/users.ts';
import { finish, start } from './oauth-redirects.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { extraFieldsOf, signedInBody } from './requests/sign-in-fields.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** How users sign in with a provider of identities. */
export function oauthRoutes(apps: Apps): Route[] {
  const route = (method: Route['method'], path: string, handle: OAuthHandler): Route => ({
    method,
    path: `/runtime/${path}`,
    handle: (request) => answering(() => handle(request, apps)),
  });
  return [
    route('GET', 'oauth/start', start),
    route('GET', ':app_id/oauth/start', start),
    route('GET', 'oauth/callback', finish),
    route('POST', 'oauth/callback', finish),
    route('POST', 'oauth/token', exchangeCode),
    route('POST', ':app_id/oauth/token', exchangeCode),
    route('POST', 'oauth/id_token', signInWithIdToken),
    route('GET', ':app_id/.well-known/openid-configuration', describe),
  ];
}

type OAuthHandler = (request: HttpRequest, apps: Apps) => Response | Promise<Response>;

/** OAuth has a form of its own for errors. */
async function answering(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return jsonResponse({ type: 'oauth-error', error: error.message }, 400);
  }
}

/** Exchanges the code that a browser came back with for a token. */
async function exchangeCode(request: HttpRequest, apps: Apps): Promise<Response> {
  const fields = await tokenRequest(request);
  const { app } = apps.get(fields.uuid('app_id'));
  const code = fields.uuid('code');
  const guest = guestForToken(app, fields.optionalUuid('refresh_token'));
  const extraFields = extraFieldsOf(fields, 'extra_fields');
  assertRequestOrigin(app, request.raw.headers.get('origin'));
  const verifier = fields.optional('code_verifier') === undefined ? undefined : fields.text('code_verifier');
  const { oauthClientId, identity } = consumeOAuthCode(app, code, verifier);
  const client = findOAuthClient(app, oauthClientId);
  if (!client) throw new OAuthError('Missing OAuth client');
  const { providerId } = client;
  const actor = visitorOf(request);
  const signedIn = signInWithIdentity(app, { providerId, identity, guest, actor, extraFields });
  return jsonResponse({ ...signedInBody(app, signedIn), refresh_token: signedIn.token });
}

/** Libraries for OAuth post a form, core posts JSON, and either may put parameters in the address. */
async function tokenRequest(request: HttpRequest): Promise<JsonBody> {
  const type = request.raw.headers.get('content-type') ?? '';
  const isForm = type.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const body = isForm ? await request.form() : await request.body();
  return body.or(request.query());
}

/** Signs in with an id token that the app got from a provider by itself. */
async function signInWithIdToken(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const idToken = body.text('id_token');
  const { app, providers } = apps.get(body.uuid('app_id'));
  const clientName = body.text('client_name');
  const nonce = body.optional('nonce') === undefined ? undefined : body.text('nonce');
  const token = body.optionalUuid('refresh_token');
  const extraFields = extraFieldsOf(body, 'extra_fields');
  assertRequestOrigin(app, request.raw.headers.get('origin'));
  const client = getOAuthClient(app, clientName);
  const now = app.host.now();
  const provider = await providers.get(client.discoveryEndpoint, now);
  const claims = await verifyIdToken({ client, provider, idToken, now });
  checkNonce(claims, nonce, provider);
  const signedIn = signInWithIdentity(app, {
    providerId: client.providerId,
    identity: identityOf(claims, {
      allowUnverifiedEmail: client.clientSecret === undefined && client.meta.allowUnverifiedEmail === true,
    }),
    ...currentUser(app, token),
    actor: visitorOf(request),
    extraFields,
  });
  return jsonResponse(signedInBody(app, signedIn));
}

/** Who is signed in already: a guest becomes somebody, and a user who is somebody keeps their token. */
function currentUser(
  app: App,
  token: string | undefined,
): Pick<Parameters<typeof signInWithIdentity>[1], 'guest' | 'current'> {
  if (token === undefined) return {};
  const user = getUserForToken(app, token);
  return { ...(isGuest(user) && { guest: user }), current: { token, userId: user.id } };
}

/** Tells libraries for OAuth where the endpoints of an app are. */
function describe(request: HttpRequest, apps: Apps): Response {
  const { id } = apps.get(request.uuidParam('app_id')).app.identity;
  const base = `${request.url.origin}/runtime/${id}/oauth`;
  return jsonResponse({ authorization_endpoint: `${base}/start`, token_endpoint: `${base}/token` });
}
