import { recordNotFound, ServerError } from '../protocol/error.ts';
import type { InitMessage } from '../protocol/up.ts';
import type { App } from './app.ts';

/**
 * Whether the client of an `init` is an admin of the app.
 *
 * @throws {ServerError} `record-not-found` when it presents a token that is not good for this app.
 */
export function authenticate(app: App, { refreshToken, adminToken }: InitMessage): { admin: boolean } {
  const appId = app.identity.id;
  // No app of this backend has users yet, so no refresh token is anybody's.
  if (refreshToken !== undefined) {
    throw recordNotFound('app-user', { 'app-id': appId, 'refresh-token': refreshToken });
  }
  if (adminToken === undefined) return { admin: false };
  assertAdminToken(app, adminToken);
  return { admin: true };
}

/** @throws {ServerError} `record-not-found` when `token` is not the app's admin token. */
export function assertAdminToken(app: App, token: unknown): void {
  if (typeof token === 'string' && token.toLowerCase() === app.identity.adminToken) return;
  throw new ServerError('record-not-found', 'Record not found: app-admin-token', {
    args: [{ 'app-id': app.identity.id, token }],
    'record-type': 'app-admin-token',
    message: 'The admin token is not valid for this app: it may have expired, or the app id may be wrong.',
  });
}
