import { ServerError } from '../../protocol/error.ts';
import type { App } from '../app/app.ts';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { bearerToken } from './requests/admin-access.ts';
import type { HttpRequest } from './requests/http-request.ts';

/** What the dashboard and platform endpoints work on. */
export interface DashContext {
  readonly apps: Apps;
  readonly host: BackendHost;
}

/**
 * Admits only the operator of the backend.
 *
 * @throws {ServerError} `record-not-found`, with status 401, for any other token.
 */
export function assertOperator(request: HttpRequest, { apps }: DashContext): void {
  if (apps.isOperator(bearerToken(request))) return;
  throw new ServerError('record-not-found', 'Record not found: instant-user', {
    args: [{ 'auth?': true }],
    'record-type': 'instant-user',
  });
}

/**
 * The app in the path, for the operator only.
 *
 * @throws {ServerError} `record-not-found` when there is none, or for any other token.
 */
export function operatorApp(request: HttpRequest, context: DashContext): App {
  assertOperator(request, context);
  return context.apps.get(request.uuidParam('app_id')).app;
}

/**
 * The app in the path, for the operator or with the app's admin token.
 *
 * @throws {ServerError} when there is none, or the token is not valid for it.
 */
export function dashApp(request: HttpRequest, context: DashContext): App {
  const id = request.uuidParam('app_id');
  const token = bearerToken(request);
  if (context.apps.isOperator(token)) return context.apps.get(id).app;
  const app = context.apps.withAdminToken(token.toLowerCase())?.app;
  if (!app) assertOperator(request, context);
  else if (app.identity.id === id) return app;
  throw new ServerError(
    'validation-failed',
    `This admin token does not belong to app ${id}. Admin tokens are bound to a single app. Use a personal access token to manage other apps.`,
    { reason: 'admin-token-mismatch' },
  );
}
