import { recordNotFound } from '../../protocol/error.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import { sendMagicCode } from '../auth/magic-codes.ts';
import { getUserForToken, removeToken } from '../auth/refresh-tokens.ts';
import { guestForToken, type SignedIn, signInAsGuest, signInWithMagicCode } from '../auth/sign-in.ts';
import { asEmail, type ExtraFields, userObject } from '../auth/users.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** How users sign in and out with codes, as guests, and with tokens. */
export function authRoutes(apps: Apps): Route[] {
  const post = (path: string, handle: (request: HttpRequest, apps: Apps) => Promise<Response>): Route => ({
    method: 'POST',
    path: `/runtime/${path}`,
    handle: (request) => handle(request, apps),
  });
  return [
    post('auth/send_magic_code', sendCode),
    post('auth/verify_magic_code', verifyCode),
    post('auth/verify_refresh_token', verifyToken),
    post('auth/sign_in_guest', signInGuest),
    post('signout', signOut),
  ];
}

/** The extra fields of a body, under the name given; undefined when there are none. */
export function extraFieldsOf(body: JsonBody, name: string): ExtraFields | undefined {
  if (body.optional(name) === undefined) return undefined;
  return body.required(name, (value) => (isObject(value) ? (value as ExtraFields) : undefined));
}

/** The user of a sign-in with their new token, and whether they are new. */
export function signedInBody(app: App, { user, token, created }: SignedIn): JsonObject {
  return { user: userObject(app, user, token), created };
}

async function sendCode(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const email = body.required('email', asEmail);
  const app = apps.get(body.uuid('app-id'));
  sendMagicCode(app, email);
  return jsonResponse({ sent: true });
}

async function verifyCode(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const email = body.required('email', asEmail);
  const code = body.text('code');
  const app = apps.get(body.uuid('app-id'));
  const extraFields = extraFieldsOf(body, 'extra-fields');
  const guest = guestForToken(app, body.optionalUuid('refresh-token'));
  const context = { actor: visitorOf(request), extraFields };
  return jsonResponse(signedInBody(app, signInWithMagicCode(app, { email, code, guest }, context)));
}

async function verifyToken(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const token = body.uuid('refresh-token');
  const id = body.uuid('app-id');
  // Whoever has a token of an app that is gone is to forget it, as one that was removed.
  if (!apps.has(id)) throw recordNotFound('app-user', { 'app-id': id, 'refresh-token': token });
  const app = apps.get(id);
  return jsonResponse({ user: userObject(app, getUserForToken(app, token), token) });
}

async function signInGuest(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const app = apps.get(body.uuid('app-id'));
  const context = { actor: visitorOf(request), extraFields: extraFieldsOf(body, 'extra-fields') };
  const { user, token } = signInAsGuest(app, context);
  return jsonResponse({ user: userObject(app, user, token) });
}

async function signOut(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const id = body.uuid('app_id');
  const token = body.uuid('refresh_token');
  // Whoever signs out is out, be it of an app that is gone.
  if (apps.has(id)) removeToken(apps.get(id), token);
  return jsonResponse({});
}
