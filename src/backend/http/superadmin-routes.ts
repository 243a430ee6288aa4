import type { App } from '../app/app.ts';
import { appRow } from '../app/app-row.ts';
import { createAppFrom } from '../apps/create-app-from.ts';
import type { JobBook } from '../schema/job-book.ts';
import { schemaOf } from '../schema/schema-json.ts';
import { assertOperator, type DashContext, dashApp, operatorApp } from './dash-access.ts';
import { noOrganization, ownApps, rowWithToken } from './dash-app-routes.ts';
import { pullPerms, pushPerms } from './dash-perms-routes.ts';
import { pushApply, pushPlan } from './dash-schema-routes.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Apps, schemas and rules, as managed by `@instantdb/platform`. */
export function superadminRoutes(context: DashContext, jobs: JobBook): Route[] {
  const path = (rest = ''): string => `/superadmin/apps/:app_id${rest}`;
  const app = (request: HttpRequest): App => dashApp(request, context);
  return [
    { method: 'GET', path: '/superadmin/apps', handle: (request) => list(request, context) },
    { method: 'POST', path: '/superadmin/apps', handle: (request) => create(request, context) },
    { method: 'GET', path: path(), handle: (request) => jsonResponse({ app: appRow(app(request)) }) },
    { method: 'POST', path: path(), handle: (request) => rename(request, app(request)) },
    { method: 'DELETE', path: path(), handle: (request) => remove(request, context) },
    {
      method: 'GET',
      path: path('/schema'),
      handle: (request) => jsonResponse({ schema: schemaOf(app(request).data.catalog.list()) }),
    },
    { method: 'POST', path: path('/schema/push/plan'), handle: (request) => pushPlan(request, app(request)) },
    {
      method: 'POST',
      path: path('/schema/push/apply'),
      handle: (request) => pushApply(request, app(request), jobs),
    },
    { method: 'GET', path: path('/perms'), handle: (request) => pullPerms(app(request)) },
    { method: 'POST', path: path('/perms'), handle: (request) => pushPerms(request, app(request)) },
    { method: 'GET', path: '/superadmin/orgs', handle: (request) => organizations(request, context) },
    { method: 'GET', path: '/superadmin/orgs/:org_id/apps', handle: (request) => noApps(request, context) },
  ];
}

function list(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  const include = new Set((request.url.searchParams.get('include') ?? '').split(','));
  const apps = ownApps(context).map((app) => ({
    ...appRow(app),
    ...(include.has('schema') && { schema: schemaOf(app.data.catalog.list()) }),
    ...(include.has('perms') && { perms: app.permissions.rules?.code ?? null }),
  }));
  return jsonResponse({ apps });
}

async function create(request: HttpRequest, context: DashContext): Promise<Response> {
  assertOperator(request, context);
  const body = await request.body();
  const title = body.text('title');
  if (body.optional('org_id') !== undefined) throw noOrganization(body.uuid('org_id'));
  const { app } = createAppFrom(context, {
    identity: { id: context.host.newId(), title, ephemeral: false },
    schema: body.optional('schema'),
    rules: body.optional('perms'),
  });
  const schema = schemaOf(app.data.catalog.list());
  return jsonResponse({ app: { ...rowWithToken(app), perms: app.permissions.rules?.code ?? null, schema } });
}

async function rename(request: HttpRequest, app: App): Promise<Response> {
  app.amend({ title: (await request.body()).text('title') });
  return jsonResponse({ app: appRow(app) });
}

function remove(request: HttpRequest, context: DashContext): Response {
  const app = operatorApp(request, context);
  context.apps.delete(app);
  return jsonResponse({ app: appRow(app) });
}

function organizations(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  return jsonResponse({ orgs: [] });
}

function noApps(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  throw noOrganization(request.uuidParam('org_id'));
}
