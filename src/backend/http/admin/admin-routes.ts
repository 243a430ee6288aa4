import { isObject, type JsonValue } from '../../../protocol/json.ts';
import { answerQuery } from '../../app/answer-query.ts';
import type { Apps } from '../../apps/apps.ts';
import { findUser, userObject } from '../../auth/users.ts';
import { schemaOf } from '../../schema/schema-json.ts';
import { softDeletedAttrs } from '../../schema/soft-deleted-attrs.ts';
import { adminAccess, adminApp } from '../requests/admin-access.ts';
import type { HttpRequest, JsonBody } from '../requests/http-request.ts';
import { jsonResponse, jsonTextResponse } from '../requests/response.ts';
import type { Route } from '../requests/router.ts';
import { toWireSteps } from './wire-steps.ts';

/** Queries and transactions from servers, as an admin or on behalf of a user. */
export function adminRoutes(apps: Apps): Route[] {
  return [
    { method: 'POST', path: '/admin/query', handle: (request) => query(request, apps) },
    { method: 'POST', path: '/admin/transact', handle: (request) => transact(request, apps) },
    { method: 'GET', path: '/admin/schema', handle: (request) => schema(request, apps) },
    {
      method: 'GET',
      path: '/admin/soft_deleted_attrs',
      handle: (request) => jsonResponse(softDeletedAttrs(adminApp(request, apps).app)),
    },
    { method: 'GET', path: '/admin/rooms/presence', handle: (request) => presence(request, apps) },
  ];
}

async function query(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const q = body.required('query', asQuery);
  const { app, actor } = adminAccess(request, apps);
  app.assertReadable();
  const inference = inferenceOf(body);
  const { answer } = answerQuery(app, { q, returnType: 'tree', inference, actor });
  if (answer.is === 'failure') throw answer.error;
  return jsonTextResponse(answer.result);
}

async function transact(request: HttpRequest, apps: Apps): Promise<Response> {
  const body = await request.body();
  const input = body.required('steps', asSteps);
  const { app, actor } = adminAccess(request, apps);
  const throwOnMissingAttrs = Boolean(body.optional('throw-on-missing-attrs?'));
  const { newId } = app.host;
  const steps = toWireSteps(input, app.data.catalog, { throwOnMissingAttrs, newId });
  return jsonResponse({ 'tx-id': app.transact({ steps, actor }) });
}

/** The schema, with the two names of a link joined into one key. */
function schema(request: HttpRequest, apps: Apps): Response {
  const { data } = adminApp(request, apps).app;
  return jsonResponse({ schema: schemaOf(data.catalog.list(), (names) => names.join('-')) });
}

/** The sessions in a room. The room type is required, as everywhere, but has no effect yet. */
function presence(request: HttpRequest, apps: Apps): Response {
  const { app, rooms } = adminApp(request, apps);
  const params = request.query();
  params.text('room-type');
  const sessions = Object.entries(rooms.sessions(params.text('room-id')));
  return jsonResponse({
    sessions: Object.fromEntries(
      sessions.map(([id, { user, ...session }]) => {
        const known = user ? findUser(app, { id: user.id }) : undefined;
        return [id, { ...session, user: known ? userObject(app, known) : null }];
      }),
    ),
  });
}

/** Whether links with at most one target become objects. */
export function inferenceOf(body: JsonBody): boolean {
  return Boolean(body.optional('inference?'));
}

/** Accepts a query if it is an object. */
export function asQuery(value: unknown): JsonValue | undefined {
  return isObject(value) ? (value as JsonValue) : undefined;
}

/** Accepts the steps of a transaction if they are a list. */
export function asSteps(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
