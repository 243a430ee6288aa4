import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import { getOAuthClient } from '../auth/oauth/clients.ts';
import { assertRequestOrigin } from '../auth/oauth/flow.ts';
import { checkNonce, identityOf, verifyIdToken } from '../auth/oauth/id-token.ts';
import { signInWithIdentity } from '../auth/oauth/identity.ts';
import { getUserForToken } from '../auth/refresh-tokens.ts';
import { isGuest } from '../auth/users.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import { extraFieldsOf, signedInBody } from './requests/sign-in-fields.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** Signs in with an id token that the app obtained from a provider by itself. */
export async function signInWithIdToken(request: HttpRequest, apps: Apps): Promise<Response> {
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

/** Who is signed in already: a guest becomes the user, and the user who signs in again keeps their token. */
function currentUser(
  app: App,
  token: string | undefined,
): Pick<Parameters<typeof signInWithIdentity>[1], 'guest' | 'current'> {
  if (token === undefined) return {};
  const user = getUserForToken(app, token);
  return { ...(isGuest(user) && { guest: user }), current: { token, userId: user.id } };
}
