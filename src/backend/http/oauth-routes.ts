import type { Apps } from '../apps/apps.ts';
import { findOAuthClient } from '../auth/oauth/clients.ts';
import { consumeOAuthCode } from '../auth/oauth/codes.ts';
import { assertRequestOrigin } from '../auth/oauth/flow.ts';
import { signInWithIdentity } from '../auth/oauth/identity.ts';
import { OAuthError } from '../auth/oauth/oauth-error.ts';
import { guestForToken } from '../auth/sign-in.ts';
import { signInWithIdToken } from './oauth-id-token.ts';
import { finish, start } from './oauth-redirects.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { extraFieldsOf, signedInBody } from './requests/sign-in-fields.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** How users sign in with an identity provider. */
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

/** Answers OAuth errors in the form that OAuth prescribes. */
async function answering(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return jsonResponse({ type: 'oauth-error', error: error.message }, 400);
  }
}

/** Exchanges a code that a browser came back with for a token. */
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

/** OAuth libraries post a form and core posts JSON; either may put parameters in the URL. */
async function tokenRequest(request: HttpRequest): Promise<JsonBody> {
  const type = request.raw.headers.get('content-type') ?? '';
  const isForm = type.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const body = isForm ? await request.form() : await request.body();
  return body.or(request.query());
}

/** Describes the endpoints of an app to OAuth libraries. */
function describe(request: HttpRequest, apps: Apps): Response {
  const { id } = apps.get(request.uuidParam('app_id')).app.identity;
  const base = `${request.url.origin}/runtime/${id}/oauth`;
  return jsonResponse({ authorization_endpoint: `${base}/start`, token_endpoint: `${base}/token` });
}
