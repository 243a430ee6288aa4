import { validationFailed } from '../../../protocol/error.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import type { App } from '../../app/app.ts';
import type { Apps } from '../../apps/apps.ts';
import type { ServedApp } from '../../apps/served-app.ts';
import { createMagicCode, sendMagicCode } from '../../auth/magic-codes.ts';
import { createRefreshToken, removeToken, removeTokens, userForToken } from '../../auth/refresh-tokens.ts';
import { guestForToken, signInAsGuest, signInWithMagicCode } from '../../auth/sign-in.ts';
import {
  asEmail,
  checkExtraFields,
  createUser,
  deleteUser,
  findUser,
  getUser,
  type UserKey,
  userObject,
} from '../../auth/users.ts';
import { ADMIN, type AuthUser } from '../../permissions/actor.ts';
import { adminApp } from '../requests/admin-access.ts';
import type { HttpRequest, JsonBody } from '../requests/http-request.ts';
import { jsonResponse } from '../requests/response.ts';
import type { Route } from '../requests/router.ts';
import { extraFieldsOf, signedInBody } from '../requests/sign-in-fields.ts';

/** Users, their codes and their tokens, managed by an admin. */
export function adminUserRoutes(apps: Apps): Route[] {
  const post = (name: string, answer: (served: ServedApp, body: JsonBody) => JsonObject): Route => ({
    method: 'POST',
    path: `/admin/${name}`,
    handle: async (request) => {
      const body = await request.body();
      return jsonResponse(answer(adminApp(request, apps), body));
    },
  });
  return [
    post('refresh_tokens', refreshTokens),
    post('sign_out', signOut),
    post('magic_code', ({ app }, body) => ({ code: createMagicCode(app, body.required('email', asEmail)) })),
    post('send_magic_code', (served, body) => ({
      code: sendMagicCode(served, body.required('email', asEmail)),
    })),
    post('verify_magic_code', verifyMagicCode),
    post('sign_in_guest', signInGuest),
    { method: 'GET', path: '/admin/users', handle: (request) => show(request, adminApp(request, apps).app) },
    {
      method: 'DELETE',
      path: '/admin/users',
      handle: (request) => remove(request, adminApp(request, apps).app),
    },
  ];
}

/** Creates a token for a user, who is created if missing. */
function refreshTokens({ app }: ServedApp, body: JsonBody): JsonObject {
  const key = keyOf(body);
  if (!key) throw refuse('body', body, 'Please provide an `email` or `id`');
  const existing = findUser(app, key);
  const user = existing ?? newUser(app, key, body);
  return { user: userObject(app, user, createRefreshToken(app, user.id)), created: existing === undefined };
}

function newUser(app: App, key: UserKey, body: JsonBody): AuthUser {
  const extraFields = extraFieldsOf(body, 'extra-fields');
  if (extraFields) checkExtraFields(app, extraFields);
  return createUser(app, { id: app.host.newId(), ...key, extraFields });
}

/** Removes one token, or all tokens of a user. */
function signOut({ app }: ServedApp, body: JsonBody): JsonObject {
  if (body.optional('id') !== undefined) {
    removeTokens(app, body.uuid('id'));
  } else if (body.optional('email') !== undefined) {
    removeTokens(app, getUser(app, { email: body.required('email', asEmail) }).id);
  } else if (body.optional('refresh_token') !== undefined) {
    removeToken(app, body.uuid('refresh_token'));
  } else {
    throw refuse('body', body, 'Please provide an `id`, `email`, or `refresh_token`');
  }
  return { ok: true };
}

function verifyMagicCode(served: ServedApp, body: JsonBody): JsonObject {
  const { app } = served;
  const email = body.required('email', asEmail);
  const code = body.text('code');
  const guest = guestForToken(app, body.optionalUuid('refresh-token'));
  const context = { actor: ADMIN, extraFields: extraFieldsOf(body, 'extra-fields') };
  return signedInBody(app, signInWithMagicCode(served, { email, code, guest }, context));
}

function signInGuest({ app }: ServedApp, body: JsonBody): JsonObject {
  const { user, token } = signInAsGuest(app, {
    actor: ADMIN,
    extraFields: extraFieldsOf(body, 'extra-fields'),
  });
  return { user: userObject(app, user, token) };
}

function show(request: HttpRequest, app: App): Response {
  const user = namedUser(request, app);
  return jsonResponse({ user: user ? userObject(app, user) : null });
}

function remove(request: HttpRequest, app: App): Response {
  const user = namedUser(request, app);
  if (!user) return jsonResponse({ deleted: null });
  const deleted = userObject(app, user);
  deleteUser(app, user.id);
  return jsonResponse({ deleted });
}

function namedUser(request: HttpRequest, app: App): AuthUser | undefined {
  const params = request.query();
  if (params.optional('refresh_token') !== undefined && params.optional('email') === undefined) {
    return userForToken(app, params.uuid('refresh_token'));
  }
  const key = keyOf(params);
  if (!key) throw refuse('params', params, 'Please provide a user id, email, or refresh_token');
  return findUser(app, key);
}

function keyOf(fields: JsonBody): UserKey | undefined {
  if (fields.optional('email') !== undefined) return { email: fields.required('email', asEmail) };
  return fields.optional('id') === undefined ? undefined : { id: fields.uuid('id') };
}

function refuse(dataType: string, { fields }: JsonBody, message: string): Error {
  return validationFailed(dataType, fields, [{ message }]);
}
