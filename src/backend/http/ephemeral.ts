import { APP_STATUSES, type AppStatus } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import type { App } from '../app.ts';
import { type Apps, EPHEMERAL_LIFETIME_MS } from '../apps.ts';
import { assertAdminToken } from '../authenticate.ts';
import type { BackendHost } from '../host.ts';
import { NotServedError } from '../not-served.ts';
import { parseDefinitions } from '../schema/definitions.ts';
import { newAttrs } from '../schema/new-attrs.ts';
import type { HttpRequest } from './request.ts';
import { jsonResponse } from './response.ts';
import type { Route } from './router.ts';

const PATH = '/dash/apps/ephemeral';

/** Apps for a while, that anybody may create. */
export function ephemeralRoutes(apps: Apps, host: BackendHost): Route[] {
  return [
    { method: 'POST', path: PATH, handle: (request) => create(request, apps, host) },
    { method: 'GET', path: `${PATH}/:id`, handle: (request) => jsonResponse(describe(find(request, apps))) },
    { method: 'POST', path: `${PATH}/:id/status`, handle: (request) => setStatus(request, apps) },
  ];
}

async function create(request: HttpRequest, apps: Apps, host: BackendHost): Promise<Response> {
  const body = await request.body();
  const title = body.text('title');
  // Refused rather than passed over: whoever sends rules counts on being protected by them.
  if (body.optional('rules') !== undefined) throw new NotServedError('rules');
  const schema = body.optional('schema');
  const definitions = schema === undefined ? undefined : parseDefinitions(schema);
  const app = apps.create({ id: host.newId(), title, ephemeral: true }, (data) =>
    definitions ? newAttrs(definitions, data.catalog, host.newId) : [],
  );
  const { app: row, ...rest } = describe(app);
  return jsonResponse({ app: { ...row, 'admin-token': app.identity.adminToken }, ...rest });
}

async function setStatus(request: HttpRequest, apps: Apps): Promise<Response> {
  const app = find(request, apps);
  const body = await request.body();
  assertAdminToken(app, body.uuid('admin-token'));
  const status = body.required('status', asStatus);
  app.setStatus(status);
  return jsonResponse({ status });
}

function find(request: HttpRequest, apps: Apps): App {
  const app = apps.get(request.uuidParam('id'));
  if (app.identity.ephemeral) return app;
  throw new ServerError('permission-denied', 'Permission denied: not ephemeral-app?', {
    input: app.identity.id,
    expected: 'ephemeral-app?',
  });
}

function describe(app: App): { app: App['row']; expires_ms: number } {
  return { app: app.row, expires_ms: app.identity.createdAt + EPHEMERAL_LIFETIME_MS };
}

function asStatus(value: unknown): AppStatus | undefined {
  return APP_STATUSES.find((status) => status === value);
}
