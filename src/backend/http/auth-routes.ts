import { recordNotFound } from '../../protocol/error.ts';
import type { Apps } from '../apps/apps.ts';
import { sendMagicCode } from '../auth/magic-codes.ts';
import { getUserForToken, removeToken } from '../auth/refresh-tokens.ts';
import { guestForToken, signInAsGuest, signInWithMagicCode } from '../auth/sign-in.ts';
import { asEmail, userObject } from '../auth/users.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { extraFieldsOf, signedInBody } from './requests/sign-in-fields.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** Endpoints for users to sign in and out: magic codes, guests and refresh tokens. */
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

async function sendCode(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const email = body.required('email', asEmail);
  sendMagicCode(apps.get(body.uuid('app-id')), email);
  return jsonResponse({ sent: true });
}

async function verifyCode(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const email = body.required('email', asEmail);
  const code = body.text('code');
  const served = apps.get(body.uuid('app-id'));
  const { app } = served;
  const extraFields = extraFieldsOf(body, 'extra-fields');
  const guest = guestForToken(app, body.optionalUuid('refresh-token'));
  const context = { actor: visitorOf(request), extraFields };
  return jsonResponse(signedInBody(app, signInWithMagicCode(served, { email, code, guest }, context)));
}

async function verifyToken(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const token = body.uuid('refresh-token');
  const id = body.uuid('app-id');
  // The same answer as for a removed token: a client forgets the token of an app that is gone.
  if (!apps.has(id)) throw recordNotFound('app-user', { 'app-id': id, 'refresh-token': token });
  const { app } = apps.get(id);
  return jsonResponse({ user: userObject(app, getUserForToken(app, token), token) });
}

async function signInGuest(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const { app } = apps.get(body.uuid('app-id'));
  const context = { actor: visitorOf(request), extraFields: extraFieldsOf(body, 'extra-fields') };
  const { user, token } = signInAsGuest(app, context);
  return jsonResponse({ user: userObject(app, user, token) });
}

async function signOut(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const id = body.uuid('app_id');
  const token = body.uuid('refresh_token');
  // A sign-out always succeeds, even for an app that is gone.
  if (apps.has(id)) removeToken(apps.get(id).app, token);
  return jsonResponse({});
}
