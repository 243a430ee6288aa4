import type { AppRow } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import type { App } from '../app/app.ts';
import { appRow } from '../app/app-row.ts';
import { EPHEMERAL_LIFETIME_MS } from '../apps/apps.ts';
import { createAppFrom } from '../apps/create-app-from.ts';
import { assertAdminToken } from '../auth/authenticate.ts';
import { assertOperator, type DashContext } from './dash-access.ts';
import { asStatus, rowWithToken, rulesOf } from './dash-app-routes.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

const PATH = '/dash/apps/ephemeral';

/** Ephemeral apps, which anyone may create. */
export function ephemeralAppRoutes(context: DashContext): Route[] {
  return [
    { method: 'POST', path: PATH, handle: (request) => create(request, context) },
    {
      method: 'GET',
      path: `${PATH}/:id`,
      handle: (request) => jsonResponse(describe(find(request, context))),
    },
    { method: 'POST', path: `${PATH}/:id/status`, handle: (request) => setStatus(request, context) },
    ...[`${PATH}/:id/claim`, '/dash/apps/:id/claim'].map(
      (path): Route => ({ method: 'POST', path, handle: (request) => claim(request, context) }),
    ),
  ];
}

async function create(request: HttpRequest, context: DashContext): Promise<Response> {
  if (!context.host.ephemeral.limits.enabled) throw switchedOff();
  const body = await request.body();
  const title = body.text('title');
  const { app } = createAppFrom(context, {
    identity: { id: context.host.newId(), title, ephemeral: true },
    schema: body.optional('schema'),
    rules: rulesOf(body),
  });
  return jsonResponse({ ...describe(app), app: rowWithToken(app) });
}

/** Makes an app permanent: it becomes one of the operator's. */
async function claim(request: HttpRequest, context: DashContext): Promise<Response> {
  assertOperator(request, context);
  const app = find(request, context, 'claimable-app?');
  assertAdminToken(app, (await request.body()).uuid('token'));
  app.amend({ ephemeral: false });
  return jsonResponse({});
}

async function setStatus(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = find(request, context);
  const body = await request.body();
  assertAdminToken(app, body.uuid('admin-token'));
  const status = body.required('status', asStatus);
  app.setStatus(status);
  return jsonResponse({ status });
}

function find(request: HttpRequest, { apps }: DashContext, expected = 'ephemeral-app?'): App {
  const { app } = apps.get(request.uuidParam('id'));
  if (app.identity.ephemeral) return app;
  throw new ServerError('permission-denied', `Permission denied: not ${expected}`, {
    input: app.identity.id,
    expected,
  });
}

function switchedOff(): ServerError {
  const expected = 'ephemeral-app-creation';
  const message = `Permission denied: not ${expected}. This backend makes no ephemeral apps: option "ephemeralApps", --no-ephemeral-apps`;
  return new ServerError('permission-denied', message, { input: null, expected });
}

function describe(app: App): { app: AppRow; expires_ms: number } {
  return { app: appRow(app), expires_ms: app.identity.createdAt + EPHEMERAL_LIFETIME_MS };
}
