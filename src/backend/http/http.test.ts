import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { type Backend, type BackendLogEntry, startBackend } from '../index.ts';
import { RawSession } from '../testing/raw-session.ts';
import { createTodoApp, todoSchema } from '../testing/todos.ts';

let backend: Backend;
let now = Date.parse('2026-01-02T03:04:05Z');
const logged: BackendLogEntry[] = [];
const DAY_MS = 24 * 60 * 60 * 1_000;

beforeAll(async () => {
  backend = await startBackend({ now: () => now, log: (entry) => logged.push(entry) });
});
beforeEach(() => {
  logged.length = 0;
});
afterAll(() => backend.close());

type Json = Record<string, JsonValue>;

async function call(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(backend.url + path, init);
  return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
}

const post = (path: string, body: JsonValue) =>
  call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

async function createEphemeral(fields: JsonObject = {}): Promise<Record<string, string>> {
  const { status, body } = await post('/dash/apps/ephemeral', { title: 'Demo', ...fields });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.app as Record<string, string>;
}

describe('the conventions', () => {
  test('GET / greets', async () => {
    const response = await fetch(`${backend.url}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toBe("<code>Welcome to Instant's Backend!</code>");
  });

  test('GET /health and /health/system tell that the backend is up', async () => {
    expect(await call('/health')).toMatchObject({ status: 200, body: { ok: true } });
    expect(await call('/health/system')).toMatchObject({ status: 200, body: { wal: 'ok' } });
    const head = await fetch(`${backend.url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test.each([
    ...['/nowhere', '/health/system/more', '/healthy', '/%zz', '/dash/nothing', '/dash/apps/some/nothing'],
    ...['/admin/nothing', '/admin/query', '/runtime/nothing', '/superadmin/nothing', '/storage'],
  ])('%s is no route', async (path) => {
    expect(await call(path)).toMatchObject({
      status: 404,
      body: { message: "Oops! We couldn't match this route." },
    });
  });

  test('a method that a route does not have is no route', async () => {
    expect((await call('/health', { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await call('/health', { method: 'PATCH', body: '{}' })).status).toBe(404);
  });

  test.each<[string, string]>([
    ['GET', '/dash/apps/some/webhooks'],
    ['POST', '/dash/apps/some/backups'],
    ['GET', '/platform/oauth/token-info'],
    ['GET', '/webhooks/payload/some'],
    ['GET', '/webhooks/payload/some/hook/0/328/48953748'],
    ['GET', '/dash/apps/some/email_status'],
    ['DELETE', '/dash/personal_access_tokens/some'],
  ])('%s %s is refused by name, and never seems to succeed', async (method, path) => {
    expect(await call(path, { method })).toMatchObject({
      status: 501,
      body: {
        type: 'validation-failed',
        message: expect.stringContaining(`${method} ${path} is not served by this backend yet`),
      },
    });
  });

  test.each(['/health', '/nowhere', '/platform/oauth/token-info', '/dash/apps/ephemeral/x'])(
    '%s is readable from any origin',
    async (path) => {
      const { headers } = await call(path, { headers: { origin: 'https://example.com' } });
      expect(headers.get('access-control-allow-origin')).toBe('*');
    },
  );

  test('a preflight allows the methods and whatever headers it asks for', async () => {
    const response = await fetch(`${backend.url}/admin/query`, {
      method: 'OPTIONS',
      headers: {
        'access-control-request-headers': 'app-id, authorization',
        'access-control-request-method': 'POST',
      },
    });
    expect(response.ok).toBe(true);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, PUT, POST, DELETE');
    expect(response.headers.get('access-control-allow-headers')).toBe('app-id, authorization');
  });

  test.each<[string, string]>([
    ['no JSON', 'hello'],
    ['half of an object', '{"title":'],
    ['an array', '[]'],
    ['a number', '1'],
    ['null', 'null'],
    ['deep nesting', `{"title":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('a body of %s is malformed', async (_case, body) => {
    expect(await call('/dash/apps/ephemeral', { method: 'POST', body })).toMatchObject({
      status: 400,
      body: { type: 'param-malformed', message: 'Malformed parameter: ["body"]', hint: { in: ['body'] } },
    });
    expect(logged).toEqual([]);
  });

  test('a body that is too long is refused without being read', async () => {
    const answer = new Promise<string>((resolve, reject) => {
      const socket = connect(backend.port, '127.0.0.1', () => {
        const head = [
          'POST /dash/apps/ephemeral HTTP/1.1',
          'Host: localhost',
          'Content-Length: 99999999999',
          '',
          '{',
        ];
        socket.write(head.join('\r\n'));
      });
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString('latin1').split('\r\n')[0] ?? '');
      });
      socket.on('error', reject);
    });
    expect(await answer).toContain('413');
  });
});

describe('ephemeral apps', () => {
  test('are created with a token, told of without it, and used at once', async () => {
    const { status, body } = await post('/dash/apps/ephemeral', { title: ' Demo ', schema: todoSchema });
    expect(status).toBe(200);
    const created = '2026-01-02T03:04:05.000Z';
    expect(body).toMatchObject({
      app: {
        title: 'Demo',
        created_at: created,
        status: 'active',
        creator_id: expect.any(String),
        org_id: null,
      },
      expires_ms: now + 14 * DAY_MS,
    });
    const app = body.app as Record<string, string>;
    expect(app['admin-token']).toMatch(/^[0-9a-f-]{36}$/);

    const told = await call(`/dash/apps/ephemeral/${app.id}`);
    const { 'admin-token': _token, ...row } = app;
    expect(told).toMatchObject({ status: 200, body: { app: row, expires_ms: now + 14 * DAY_MS } });
    expect(told.body.app).not.toHaveProperty('admin-token');

    const session = await RawSession.open(backend.websocketURI);
    const init = await session.ask({ op: 'init', 'app-id': app.id, '__admin-token': app['admin-token'] });
    expect(init).toMatchObject({ op: 'init-ok', auth: { 'admin?': true } });
    const attrs = (init.attrs as unknown as Json[]).filter((attr) => attr.catalog === 'user');
    const of = (etype: string, label: string) =>
      attrs.find(
        ({ 'forward-identity': ident }) =>
          (ident as string[])[1] === etype && (ident as string[])[2] === label,
      );
    expect(attrs).toHaveLength(6);
    expect(of('todos', 'id')).toMatchObject({ 'unique?': true, 'index?': false, 'value-type': 'blob' });
    expect(of('todos', 'position')).toMatchObject({
      'index?': true,
      'unique?': false,
      'checked-data-type': 'number',
    });
    expect(of('todos', 'owner')).toMatchObject({
      'value-type': 'ref',
      cardinality: 'one',
      'unique?': false,
      'reverse-identity': [expect.any(String), 'people', 'todos'],
    });
    const text = String(of('todos', 'text')?.id);
    const refused = await session.ask({
      op: 'transact',
      'tx-steps': [['add-triple', crypto.randomUUID(), text, 5]],
    });
    expect(refused, 'types are checked').toMatchObject({ op: 'error', status: 400 });
    await session.close();
  });

  test.each<[string, JsonObject, JsonObject]>([
    [
      'no title',
      {},
      {
        type: 'param-missing',
        message: 'Missing parameter: ["body" "title"]',
        hint: { in: ['body', 'title'] },
      },
    ],
    ['a blank title', { title: ' ' }, { type: 'param-missing' }],
    [
      'a title of another type',
      { title: 7 },
      { type: 'param-malformed', hint: { in: ['body', 'title'], 'original-input': 7 } },
    ],
    [
      'a schema that is none',
      { title: 'x', schema: [] },
      { type: 'validation-failed', hint: { 'data-type': 'schema' } },
    ],
    [
      'a schema with an unknown type',
      { title: 'x', schema: { entities: { a: { attrs: { b: { valueType: 'nope' } } } } } },
      {
        type: 'validation-failed',
        hint: { errors: [{ in: ['schema', 'entities', 'a', 'attrs', 'b', 'valueType'] }] },
      },
    ],
    [
      'two definitions of one name',
      {
        title: 'x',
        schema: {
          entities: { a: { attrs: { b: { valueType: 'string' } } } },
          links: {
            ab: {
              forward: { on: 'a', label: 'b', has: 'many' },
              reverse: { on: 'a', label: 'c', has: 'many' },
            },
          },
        },
      },
      {
        type: 'validation-failed',
        message: expect.stringContaining('a->b: Duplicate entry found for attribute.'),
      },
    ],
    [
      'a cascade on a link to many',
      {
        title: 'x',
        schema: {
          links: {
            ab: {
              forward: { on: 'a', label: 'b', has: 'many', onDelete: 'cascade' },
              reverse: { on: 'b', label: 'a', has: 'many' },
            },
          },
        },
      },
      {
        type: 'validation-failed',
        message: expect.stringContaining('a->b: Cascade delete is only possible'),
      },
    ],
  ])('are refused with %s', async (_case, body, expected) => {
    expect(await post('/dash/apps/ephemeral', body)).toMatchObject({ status: 400, body: expected });
  });

  test('that are not there are said to be so', async () => {
    expect(await call('/dash/apps/ephemeral/x')).toMatchObject({
      status: 400,
      body: { type: 'param-malformed' },
    });
    expect(await call(`/dash/apps/ephemeral/${crypto.randomUUID()}`)).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'app' } },
    });
    const { app } = createTodoApp(backend);
    expect(await call(`/dash/apps/ephemeral/${app.id}`)).toMatchObject({
      status: 400,
      body: { type: 'permission-denied' },
    });
  });

  test('change their status for who has the token, and tell their sessions', async () => {
    const app = await createEphemeral();
    const path = `/dash/apps/ephemeral/${app.id}/status`;
    const token = String(app['admin-token']);
    const session = await RawSession.open(backend.websocketURI);
    await session.ask({ op: 'init', 'app-id': String(app.id) });
    expect(await post(path, { status: 'disabled' })).toMatchObject({
      status: 400,
      body: { type: 'param-missing', hint: { in: ['body', 'admin-token'] } },
    });
    expect(await post(path, { 'admin-token': crypto.randomUUID(), status: 'disabled' })).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } },
    });
    expect(await post(path, { 'admin-token': token, status: 'asleep' })).toMatchObject({
      status: 400,
      body: { type: 'param-malformed', hint: { in: ['body', 'status'] } },
    });
    for (const status of ['read-only', 'disabled', 'active']) {
      expect(await post(path, { 'admin-token': token, status })).toMatchObject({
        status: 200,
        body: { status },
      });
      expect(await session.next()).toMatchObject({ op: 'app-status-changed', status });
    }
    await session.close();
  });

  test('are gone a day after they expire, their sessions with them', async () => {
    const app = await createEphemeral();
    const session = await RawSession.open(backend.websocketURI);
    await session.ask({ op: 'init', 'app-id': String(app.id) });
    now += 15 * DAY_MS;
    await createEphemeral();
    expect((await call(`/dash/apps/ephemeral/${app.id}`)).status).toBe(200);
    now += 1;
    await createEphemeral();
    expect(await call(`/dash/apps/ephemeral/${app.id}`)).toMatchObject({
      status: 400,
      body: { type: 'record-not-found' },
    });
    expect(await session.closed).toMatchObject({ code: 1000 });
  });
});
