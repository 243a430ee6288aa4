import { recordNotFound, validationFailed } from '../../protocol/error.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import type { RedirectOrigin, TestUser } from '../app/app-identity.ts';
import { appRow } from '../app/app-row.ts';
import { allRecords } from '../app/system-records.ts';
import {
  addRedirectOrigin,
  putTestUser,
  removeRedirectOrigin,
  removeTestUser,
  setMagicCodeMinutes,
  signInSettings,
} from '../auth/settings.ts';
import { asEmail } from '../auth/users.ts';
import { type DashContext, dashApp, operatorApp } from './dash-access.ts';
import { clientJson, providerJson } from './dash-oauth-routes.ts';
import type { HttpRequest } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** The sign-in configuration of an app: an overview, redirect rules and test users. */
export function dashAuthRoutes(context: DashContext): Route[] {
  const dash = (path: string): string => `/dash/apps/:app_id/${path}`;
  return [
    {
      method: 'GET',
      path: dash('auth'),
      handle: (request) => jsonResponse(overview(dashApp(request, context))),
    },
    {
      method: 'POST',
      path: dash('authorized_redirect_origins'),
      handle: (request) => addOrigin(request, context),
    },
    {
      method: 'DELETE',
      path: dash('authorized_redirect_origins/:id'),
      handle: (request) => removeOrigin(request, context),
    },
    { method: 'GET', path: dash('test_users'), handle: (request) => listTestUsers(request, context) },
    { method: 'POST', path: dash('test_users'), handle: (request) => addTestUser(request, context) },
    { method: 'DELETE', path: dash('test_users'), handle: (request) => dropTestUser(request, context) },
    {
      method: 'POST',
      path: dash('set-magic-code-expiry'),
      handle: (request) => setCodeExpiry(request, context),
    },
  ];
}

function overview(app: App): JsonObject {
  return {
    oauth_service_providers: allRecords(app, '$oauthProviders').map(providerJson),
    oauth_clients: allRecords(app, '$oauthClients').map(clientJson),
    authorized_redirect_origins: signInSettings(app).redirectOrigins.map(originJson),
    default_sender_email: null,
  };
}

async function addOrigin(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = dashApp(request, context);
  const body = await request.body();
  const origin = addRedirectOrigin(app, body.text('service'), body.required('params', asTexts));
  return jsonResponse({ origin: originJson(origin) });
}

function removeOrigin(request: HttpRequest, context: DashContext): Response {
  const id = request.uuidParam('id');
  const origin = removeRedirectOrigin(dashApp(request, context), id);
  if (!origin) throw recordNotFound('app-authorized-redirect-origin', { id });
  return jsonResponse({ origin: originJson(origin) });
}

function listTestUsers(request: HttpRequest, context: DashContext): Response {
  const { testUsers } = signInSettings(operatorApp(request, context));
  return jsonResponse({ 'test-users': testUsers.map(testUserJson) });
}

async function addTestUser(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = operatorApp(request, context);
  const body = await request.body();
  const email = body.required('email', asEmail);
  const code = body.text('code');
  if (!/^\d{6}$/.test(code)) {
    throw validationFailed('code', code, [{ message: 'Code must be a 6-digit number.' }]);
  }
  return jsonResponse({ 'test-user': testUserJson(putTestUser(app, email, code)) });
}

async function dropTestUser(request: HttpRequest, context: DashContext): Promise<Response> {
  const app = operatorApp(request, context);
  const user = removeTestUser(app, (await request.body()).uuid('id'));
  return jsonResponse({ 'test-user': user ? testUserJson(user) : null });
}

async function setCodeExpiry(request: HttpRequest, context: DashContext): Promise<Response> {
  const minutes = (await request.body()).required('expiry', asInteger);
  const app = operatorApp(request, context);
  setMagicCodeMinutes(app, minutes);
  return jsonResponse({ app: appRow(app) });
}

function originJson({ id, service, params, createdAt }: RedirectOrigin): JsonObject {
  return { id, service, params: [...params], created_at: new Date(createdAt).toISOString() };
}

function testUserJson({ id, email, code }: TestUser): JsonObject {
  return { id, email, code };
}

function asInteger(value: unknown): number | undefined {
  return typeof value === 'number' ? Math.trunc(value) : undefined;
}

function asTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
