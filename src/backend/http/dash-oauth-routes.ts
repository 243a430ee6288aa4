import { recordNotFound, ServerError } from '../../protocol/error.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import type { App } from '../app/app.ts';
import { readRecord, type SystemRecord, stepToDelete, textOf, write } from '../app/system-records.ts';
import { ensureOAuthProvider, type OAuthClientFields, putOAuthClient } from '../auth/oauth/clients.ts';
import { type DashContext, dashApp } from './dash-access.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';

/** Identity providers, and an app's registrations with them. */
export function dashOAuthRoutes(context: DashContext): Route[] {
  const dash = (path: string): string => `/dash/apps/:app_id/${path}`;
  const app = (request: HttpRequest): App => dashApp(request, context);
  return [
    {
      method: 'POST',
      path: dash('oauth_service_providers'),
      handle: (request) => createProvider(request, app(request)),
    },
    { method: 'POST', path: dash('oauth_clients'), handle: (request) => createClient(request, app(request)) },
    {
      method: 'POST',
      path: dash('oauth_clients/:id'),
      handle: (request) => updateClient(request, app(request)),
    },
    {
      method: 'DELETE',
      path: dash('oauth_clients/:id'),
      handle: (request) => deleteClient(request, app(request)),
    },
  ];
}

/** A provider as the dashboard shows it. */
export function providerJson(record: SystemRecord): JsonObject {
  return { id: record.id, provider_name: textOf(record, 'name') ?? null, created_at: createdAt(record) };
}

/** A client as the dashboard shows it, without its secret. */
export function clientJson(record: SystemRecord): JsonObject {
  const { id, values } = record;
  return {
    id,
    client_name: values.name ?? null,
    client_id: values.clientId ?? null,
    provider_id: values.$oauthProvider ?? null,
    meta: values.meta ?? null,
    discovery_endpoint: values.discoveryEndpoint ?? null,
    redirect_to: values.redirectTo ?? null,
    use_shared_credentials: values.useSharedCredentials ?? false,
    created_at: createdAt(record),
  };
}

async function createProvider(request: HttpRequest, app: App): Promise<Response> {
  const id = ensureOAuthProvider(app, (await request.body()).text('provider_name'));
  return jsonResponse({ provider: providerJson(provider(app, id)) });
}

async function createClient(request: HttpRequest, app: App): Promise<Response> {
  const body = await request.body();
  const providerId = body.uuid('provider_id');
  const name = body.text('client_name');
  const fields = fieldsOf(body);
  const { values } = provider(app, providerId);
  // Only GitHub has no discovery document.
  if (values.name !== 'github') body.text('discovery_endpoint');
  assertOwnCredentials(body, values.name);
  const id = app.host.newId();
  putOAuthClient(app, id, { ...fields, name, providerId });
  return jsonResponse({ client: clientJson(client(app, id)) });
}

async function updateClient(request: HttpRequest, app: App): Promise<Response> {
  const { id, values } = client(app, request.uuidParam('id'));
  const body = await request.body();
  assertOwnCredentials(body, readRecord(app, '$oauthProviders', String(values.$oauthProvider))?.values.name);
  putOAuthClient(app, id, fieldsOf(body));
  return jsonResponse({ client: clientJson(client(app, id)) });
}

function deleteClient(request: HttpRequest, app: App): Response {
  const record = client(app, request.uuidParam('id'));
  write(app, [stepToDelete('$oauthClients', record.id)]);
  return jsonResponse({ client: clientJson(record) });
}

/** Shared credentials belong to the Instant service: a server without any answers this way. */
function assertOwnCredentials(body: JsonBody, providerName: unknown): void {
  if (body.optional('use_shared_credentials') !== true) return;
  throw new ServerError('record-not-found', 'Record not found: shared-oauth-client', {
    'provider-name': providerName,
    'record-type': 'shared-oauth-client',
  });
}

/** The client fields in a body: omitted ones stay as they are, null removes them. */
function fieldsOf(body: JsonBody): OAuthClientFields {
  return {
    clientId: textOrNull(body, 'client_id'),
    clientSecret: textOrNull(body, 'client_secret'),
    discoveryEndpoint: textOrNull(body, 'discovery_endpoint'),
    redirectTo: textOrNull(body, 'redirect_to'),
    meta: body.has('meta') ? asMeta(body) : undefined,
  };
}

function textOrNull(body: JsonBody, name: string): string | null | undefined {
  if (!body.has(name)) return undefined;
  return body.optional(name) === undefined ? null : body.text(name);
}

function asMeta(body: JsonBody): JsonObject | null {
  if (body.optional('meta') === undefined) return null;
  return body.required('meta', (value) => (isObject(value) ? (value as JsonObject) : undefined));
}

function provider(app: App, id: string): SystemRecord {
  const record = readRecord(app, '$oauthProviders', id);
  if (record) return record;
  throw recordNotFound('app-oauth-service-provider', { 'app-id': app.identity.id, id });
}

function client(app: App, id: string): SystemRecord {
  const record = readRecord(app, '$oauthClients', id);
  if (record) return record;
  throw recordNotFound('app-oauth-client', { 'app-id': app.identity.id, id });
}

function createdAt(record: SystemRecord): string {
  return new Date(record.createdAt).toISOString();
}
