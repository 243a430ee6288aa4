import { recordNotFound, type ServerError } from '../../../protocol/error.ts';
import { paramMalformed, paramMissing } from '../../../protocol/param-error.ts';
import { isUuid } from '../../../protocol/uuid.ts';
import type { Apps } from '../../apps/apps.ts';
import type { ServedApp } from '../../apps/served-app.ts';
import { assertAdminToken } from '../../auth/authenticate.ts';
import { getUserForToken } from '../../auth/refresh-tokens.ts';
import { asEmail, getUser } from '../../auth/users.ts';
import type { Actor, AuthUser } from '../../permissions/actor.ts';
import type { HttpRequest } from './http-request.ts';
import { requestedAppId } from './requested-app-id.ts';
import { visitorOf } from './visitor-of.ts';

/** The app a request to the admin API works on, and the actor it runs as. */
export interface AdminAccess extends ServedApp {
  readonly actor: Actor;
}

/**
 * The app of a request that presents its admin token, or the operator's, which is valid for all apps.
 *
 * @throws {ServerError} when the app or the token is missing, malformed or wrong.
 */
export function adminApp(request: HttpRequest, apps: Apps): ServedApp {
  const id = requestedAppId(request);
  const token = bearerToken(request);
  if (apps.isOperator(token)) return apps.get(id);
  if (!isUuid(token)) throw malformedToken();
  if (!apps.has(id)) throw recordNotFound('app-admin-token', { 'app-id': id });
  const served = apps.get(id);
  assertAdminToken(served.app, token);
  return served;
}

/**
 * The actor a request runs as: the user whom its headers impersonate, else the admin. Acting as a user by their own
 * refresh token, or as a guest, needs no admin token.
 *
 * @throws {ServerError} when a credential is missing, malformed or wrong.
 */
export function adminAccess(request: HttpRequest, apps: Apps): AdminAccess {
  const { headers } = request.raw;
  const asToken = headers.get('as-token');
  if (asToken !== null) {
    const served = apps.get(requestedAppId(request));
    if (!isUuid(asToken)) throw paramMalformed(['asUser', 'token'], asToken);
    return { ...served, actor: userActor(request, getUserForToken(served.app, asToken.toLowerCase())) };
  }
  const asUserWith = headers.get('as-email');
  if (asUserWith !== null) {
    const served = adminApp(request, apps);
    const user = getUser(served.app, { email: asEmail(asUserWith) ?? asUserWith });
    return { ...served, actor: userActor(request, user) };
  }
  if (headers.get('as-guest') !== null) {
    return { ...apps.get(requestedAppId(request)), actor: userActor(request, null) };
  }
  return { ...adminApp(request, apps), actor: { ...userActor(request, null), admin: true } };
}

/**
 * The token in `Authorization: Bearer`.
 *
 * @throws {ServerError} `param-missing` or `param-malformed`.
 */
export function bearerToken(request: HttpRequest): string {
  const token = tokenOf(request);
  if (token !== undefined) return token;
  throw (request.raw.headers.get('authorization') ?? '').trim() === ''
    ? paramMissing(AUTHORIZATION)
    : malformedToken();
}

/** The token in `Authorization: Bearer`, where it is optional; undefined when there is none. */
export function tokenOf({ raw }: HttpRequest): string | undefined {
  const token = raw.headers.get('authorization')?.split('Bearer ').at(-1)?.trim();
  return token && !/\s/.test(token) ? token : undefined;
}

const AUTHORIZATION: readonly string[] = ['headers', 'authorization'];

/** The error for a malformed token. It does not repeat the value, which may be a secret of another kind. */
function malformedToken(): ServerError {
  return paramMalformed(AUTHORIZATION, null);
}

function userActor(request: HttpRequest, user: AuthUser | null): Actor {
  return { ...visitorOf(request), user };
}
