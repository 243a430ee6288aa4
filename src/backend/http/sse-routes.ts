import type { JsonValue } from '../../protocol/json.ts';
import { parseVersions } from '../../protocol/parse.ts';
import type { Apps } from '../apps/apps.ts';
import type { SseSessions } from '../sessions/sse-sessions.ts';
import { asQuery, inferenceOf } from './admin/admin-routes.ts';
import { type AdminAccess, adminAccess } from './requests/admin-access.ts';
import type { HttpRequest, JsonBody } from './requests/http-request.ts';
import { jsonResponse } from './requests/response.ts';
import type { Route } from './requests/router.ts';
import { visitorOf } from './requests/visitor-of.ts';

/** Sessions over an event stream, for clients that cannot use a WebSocket. */
export function sseRoutes(apps: Apps, sessions: SseSessions): Route[] {
  return [
    { method: 'GET', path: '/runtime/sse', handle: (request) => open(request, sessions) },
    { method: 'POST', path: '/runtime/sse', handle: (request) => receive(request, sessions) },
    { method: 'POST', path: '/admin/sse', handle: (request) => openForAdmin(request, apps, sessions) },
    { method: 'POST', path: '/admin/sse/push', handle: (request) => receive(request, sessions) },
    {
      method: 'POST',
      path: '/admin/subscribe-query',
      handle: (request) => subscribeQuery(request, apps, sessions),
    },
  ];
}

function open(request: HttpRequest, sessions: SseSessions): Response {
  // Nobody would read the stream, so no session is started.
  if (request.raw.method === 'HEAD') return eventStream(null);
  const visitor = visitorOf(request);
  sessions.assertRoomFor(visitor.ip);
  return eventStream(sessions.open(visitor));
}

async function receive(request: HttpRequest, sessions: SseSessions): Promise<Response> {
  const body = await request.body();
  const credentials = {
    machineId: body.uuid('machine_id'),
    sessionId: body.uuid('session_id'),
    token: body.uuid('sse_token'),
  };
  // Clients learn the ids of their messages from this answer, so it must arrive before the replies to them.
  const hand = sessions.receive(credentials, body.required('messages', asArray), body.bytes);
  request.whenAnswered(hand);
  return jsonResponse({});
}

/** A session for the user the headers name, without any query yet. */
async function openForAdmin(request: HttpRequest, apps: Apps, sessions: SseSessions): Promise<Response> {
  const access = adminAccess(request, apps);
  return openSession(access, await request.body(), sessions);
}

/** A session with a single query, whose results are trees. */
async function subscribeQuery(request: HttpRequest, apps: Apps, sessions: SseSessions): Promise<Response> {
  const body = await request.body();
  const q = body.required('query', asQuery);
  const event = { op: 'add-query', 'client-event-id': crypto.randomUUID(), q, 'return-type': 'tree' };
  return openSession(adminAccess(request, apps), body, sessions, event);
}

/** Opens a session; `event` is handled first, as if the client had posted it. */
function openSession(
  { actor, ...served }: AdminAccess,
  body: JsonBody,
  sessions: SseSessions,
  event?: JsonValue,
): Response {
  const inference = inferenceOf(body);
  const versions = parseVersions(body.optional('versions'));
  return eventStream(
    sessions.open(actor, (session) => {
      session.openFor(served, actor, { versions, inference });
      if (event !== undefined) session.receiveEvent(event);
    }),
  );
}

function eventStream(body: ReadableStream<Uint8Array> | null): Response {
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      // Keeps proxies from buffering the stream.
      'x-accel-buffering': 'no',
    },
  });
}

function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
