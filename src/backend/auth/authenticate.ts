import { ServerError } from '../../protocol/error.ts';
import type { InitMessage } from '../../protocol/up.ts';
import type { Actor } from '../permissions/actor.ts';
import { isSameSecret } from '../permissions/hash-text.ts';
import type { AuthApp } from './auth-app.ts';
import { getUserForToken } from './refresh-tokens.ts';

/**
 * Determines the actor that the client of an `init` acts as. It stays the same for the whole session, as on an Instant
 * server: a session outlives its token, and its user. Clients open a new session when their user changes.
 *
 * @throws {ServerError} `record-not-found` when a token it presents is not valid for this app.
 */
export function authenticate(
  app: AuthApp,
  { refreshToken, adminToken }: InitMessage,
  sender: Pick<Actor, 'ip' | 'origin'>,
): Actor {
  const user = refreshToken === undefined ? null : getUserForToken(app, refreshToken);
  if (adminToken !== undefined) assertAdminToken(app, adminToken);
  return { admin: adminToken !== undefined, user, ip: sender.ip, origin: sender.origin };
}

/** @throws {ServerError} `record-not-found` when `token` is not the app's admin token. */
export function assertAdminToken(app: AuthApp, token: unknown): void {
  if (typeof token === 'string' && isSameSecret(token.toLowerCase(), app.identity.adminToken)) return;
  throw adminTokenNotFound(app.identity.id);
}

/**
 * The error for a token that is not this app's admin token. It does not repeat the token, which may be another app's.
 */
function adminTokenNotFound(appId: string): ServerError {
  return new ServerError('record-not-found', 'Record not found: app-admin-token', {
    args: [{ 'app-id': appId }],
    'record-type': 'app-admin-token',
    message: 'The admin token is not valid for this app: it may have expired, or the app id may be wrong.',
  });
}
