import { APP_STATUSES, type AppStatus } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { paramMalformed } from '../../protocol/param-error.ts';
import type { App } from '../app/app.ts';
import { appRow } from '../app/app-row.ts';
import { createAppFrom } from '../apps/create-app-from.ts';
import { assertOperator, type DashContext, dashApp, operatorApp } from './dash-access.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** The operator's account and apps. */
export function dashAppRoutes(context: DashContext): Route[] {
  return [
    { method: 'GET', path: '/dash', handle: (request) => dashboard(request, context) },
    { method: 'GET', path: '/dash/me', handle: (request) => me(request, context) },
    { method: 'POST', path: '/dash/apps', handle: (request) => create(request, context) },
    {
      method: 'GET',
      path: '/dash/apps/:app_id',
      handle: (request) => jsonResponse({ app: appRow(dashApp(request, context)) }),
    },
    { method: 'DELETE', path: '/dash/apps/:app_id', handle: (request) => remove(request, context) },
    { method: 'POST', path: '/dash/apps/:app_id/rename', handle: (request) => rename(request, context) },
    { method: 'POST', path: '/dash/apps/:app_id/status', handle: (request) => setStatus(request, context) },
    {
      method: 'POST',
      path: '/dash/apps/:app_id/track-import',
      // The Instant service counts imports; this backend does not.
      handle: () => jsonResponse({ ok: true }),
    },
    { method: 'GET', path: '/dash/orgs/:org_id', handle: (request) => organization(request, context) },
  ];
}

/** Parses an app status. */
export function asStatus(value: unknown): AppStatus | undefined {
  return APP_STATUSES.find((status) => status === value);
}

/** An app with its admin token, for its creator or owner. */
export function rowWithToken(app: App): JsonObject {
  return { ...appRow(app), 'admin-token': app.identity.adminToken };
}

/** The operator's apps: all except ephemeral ones. */
export function ownApps({ apps }: DashContext): App[] {
  return apps
    .list()
    .map(({ app }) => app)
    .filter(({ identity }) => !identity.ephemeral);
}

/** The rules in a body, as `{ "rules": { "code": … } }`; undefined for none. */
export function rulesOf(body: JsonBody): unknown {
  const rules = body.optional('rules');
  if (rules === undefined) return undefined;
  // Refused instead of ignored: a client that sends rules relies on their protection.
  if (!isObject(rules) || !isObject(rules.code)) throw paramMalformed(['body', 'rules', 'code'], rules);
  return rules.code;
}

function dashboard(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  const { id, email } = context.host.operator;
  const apps = ownApps(context).map((app) => ({
    ...appRow(app),
    admin_token: app.identity.adminToken,
    user_app_role: 'owner',
    effective_status: app.status,
  }));
  return jsonResponse({
    apps,
    orgs: [],
    invites: [],
    profile: null,
    superuser: false,
    user: { id, email },
  });
}

function me(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  const { id, email, createdAt } = context.host.operator;
  return jsonResponse({ user: { id, email, created_at: new Date(createdAt).toISOString() } });
}

async function create(request: HttpRequest, context: DashContext): Promise<Response> {
  assertOperator(request, context);
  const body = await request.body();
  const title = body.text('title');
  const id = body.uuid('id');
  const adminToken = body.uuid('admin_token');
  if (body.optional('org_id') !== undefined) throw noOrganization(body.uuid('org_id'));
  const { app } = createAppFrom(context, {
    identity: { id, title, adminToken, ephemeral: false },
    schema: body.optional('schema'),
    rules: rulesOf(body),
  });
  return jsonResponse({ app: rowWithToken(app) });
}

function remove(request: HttpRequest, context: DashContext): Response {
  context.apps.delete(operatorApp(request, context));
  return jsonResponse({ ok: true });
}

async function rename(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = operatorApp(request, context);
  app.amend({ title: (await request.body()).text('title') });
  return jsonResponse({});
}

async function setStatus(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = operatorApp(request, context);
  const status = (await request.body()).required('status', asStatus);
  app.setStatus(status);
  return jsonResponse({ status });
}

function organization(request: HttpRequest, context: DashContext): Response {
  assertOperator(request, context);
  throw noOrganization(request.uuidParam('org_id'));
}

/** The operator belongs to no organization, so none exists. */
export function noOrganization(id: string): ServerError {
  return new ServerError('record-not-found', 'Record not found: org', {
    args: [{ id }],
    'record-type': 'org',
  });
}
