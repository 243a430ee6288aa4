import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { type BackendApp, startBackend } from '../index.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { HttpClient } from '../testing/http-client.ts';
import { RawSession } from '../testing/raw-session.ts';
import { todoSchema } from '../testing/todos.ts';

const TOKEN = 'per_0123456789abcdef';
const START = Date.parse('2026-01-02T03:04:05Z');

let now = START;
let app: BackendApp;
/** Whoever runs the backend. */
/** Whoever has the app's admin token. */
let admin: HttpClient;

const backend = await backendForTests({ personalAccessToken: TOKEN, now: () => now });
const anybody = new HttpClient(backend.url);
const operator = anybody.as(backend.personalAccessToken);
beforeEach(() => {
  now = START;
  app = backend.createApp({ title: 'Dash' });
  admin = anybody.with({ 'app-id': app.id }).as(app.adminToken);
});

const uuid = () => crypto.randomUUID();
const dash = (path = ''): string => `/dash/apps/${app.id}${path}`;
const rules = { todos: { allow: { view: 'false' } } };
const badRules = { todos: { allow: { view: 'nothing.like.that(' } } };

describe('whoever asks', () => {
  test('a backend has a token of its own, unless it is given one', async () => {
    await using other = await startBackend();
    expect(backend.personalAccessToken).toBe(TOKEN);
    expect(other.personalAccessToken).toMatch(/^per_[0-9a-f]{64}$/);
    await expect(startBackend({ personalAccessToken: 'short' })).rejects.toThrow(/"personalAccessToken"/);
  });

  test('the operator may do everything, an admin token what concerns its app', async () => {
    for (const client of [operator, admin]) {
      expect(await client.get(dash())).toMatchObject({
        status: 200,
        body: { app: { id: app.id, title: 'Dash' } },
      });
      expect((await client.get(dash('/perms/pull'))).status).toBe(200);
    }
    for (const path of ['/dash', '/dash/me', '/superadmin/apps', dash('/test_users')]) {
      expect((await operator.get(path)).status, path).toBe(200);
      expect((await admin.get(path)).status, path).toBe(401);
    }
    expect((await admin.delete(dash())).status).toBe(401);
    expect((await admin.delete(`/superadmin/apps/${app.id}`)).status).toBe(401);
  });

  test('nobody else may do anything', async () => {
    for (const path of ['/dash', '/dash/me', dash(), dash('/schema/pull'), '/superadmin/apps']) {
      expect(await anybody.get(path), path).toMatchObject({ status: 400, body: { type: 'param-missing' } });
      expect(await anybody.as(uuid()).get(path), path).toMatchObject({
        status: 401,
        body: { type: 'record-not-found', message: 'Record not found: instant-user' },
      });
    }
  });

  test('an admin token for another app is told apart', async () => {
    const other = uuid();
    expect(await admin.get(`/dash/apps/${other}/schema/pull`)).toMatchObject({
      status: 400,
      body: {
        message: `This admin token does not belong to app ${other}. Admin tokens are bound to a single app. Use a personal access token to manage other apps.`,
        hint: { reason: 'admin-token-mismatch' },
      },
    });
    expect(await operator.get(`/dash/apps/${other}`)).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', message: 'Record not found: app' },
    });
  });

  test('no answer repeats a token that was wrong', async () => {
    const wrong = uuid();
    const answers = [
      await anybody.as(wrong).get('/dash'),
      await anybody.as(wrong).get(dash('/schema/pull')),
      await anybody.as(wrong).with({ 'app-id': uuid() }).post('/admin/query', { query: {} }),
    ];
    for (const { status, body } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toContain(wrong);
    }
  });
});

describe('the operator', () => {
  test('is one person with their apps, the ephemeral ones apart', async () => {
    const { body: ephemeral } = await anybody.post('/dash/apps/ephemeral', { title: 'For a while' });
    const { body } = await operator.get('/dash');
    expect(body).toMatchObject({ orgs: [], invites: [], user: { email: 'operator@localhost' } });
    const ids = body.apps.map((one: { id: string }) => one.id);
    expect(ids).toContain(app.id);
    expect(ids).not.toContain(ephemeral.app.id);
    expect((await operator.get('/dash/me')).body.user).toEqual({
      ...body.user,
      created_at: '2026-01-02T03:04:05.000Z',
    });
  });

  test('creates apps, with the token and the schema of their choice', async () => {
    const [id, token] = [uuid(), uuid()];
    const request = { id, title: ' Mine ', admin_token: token, schema: todoSchema, rules: { code: rules } };
    expect(await operator.post('/dash/apps', request)).toMatchObject({
      status: 200,
      body: { app: { id, title: 'Mine', 'admin-token': token } },
    });
    const mine = anybody.as(token);
    expect((await mine.get(`/dash/apps/${id}/schema/pull`)).body.schema.blobs).toHaveProperty('todos');
    expect((await mine.get(`/dash/apps/${id}/perms/pull`)).body).toEqual({ perms: rules });
    expect(await operator.post('/dash/apps', request)).toMatchObject({
      status: 400,
      body: { type: 'record-not-unique' },
    });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['without a title', { title: ' ' }, { type: 'param-missing' }],
    ['without an id', { id: 'x' }, { type: 'param-malformed' }],
    ['with rules that cannot be', { rules: { code: badRules } }, { type: 'validation-failed' }],
    ['with rules that are none', { rules: [] }, { type: 'param-malformed' }],
    ['with a schema that is none', { schema: { entities: 1 } }, { type: 'validation-failed' }],
    ['in an organization', { org_id: uuid() }, { message: 'Record not found: org' }],
  ])('creates none %s', async (_, fields, expected) => {
    const id = uuid();
    const reply = await operator.post('/dash/apps', { id, title: 'No', admin_token: uuid(), ...fields });
    expect(reply).toMatchObject({ status: 400, body: expected });
    expect((await operator.get(`/dash/apps/${id}`)).status).toBe(400);
  });

  test('renames, closes and deletes an app', async () => {
    expect(await operator.post(dash('/rename'), { title: 'Other' })).toEqual({ status: 200, body: {} });
    expect(app.title).toBe('Other');
    expect(await operator.post(dash('/status'), { status: 'read-only' })).toEqual({
      status: 200,
      body: { status: 'read-only' },
    });
    expect(app.status).toBe('read-only');
    expect((await operator.post(dash('/status'), { status: 'closed' })).status).toBe(400);
    expect(await operator.post(dash('/track-import'))).toEqual({ status: 200, body: { ok: true } });
    const session = await RawSession.init(backend, app);
    expect(await operator.delete(dash())).toEqual({ status: 200, body: { ok: true } });
    await session.closed;
    expect((await operator.get(dash())).status).toBe(400);
  });
});

describe('rules', () => {
  test('are pushed and pulled, and in force at once', async () => {
    const write = { steps: [['update', 'todos', uuid(), { text: 'x' }]] } as unknown as JsonObject;
    expect((await admin.post('/admin/transact', write)).status).toBe(200);
    const guest = anybody.with({ 'app-id': app.id, 'as-guest': 'true' });
    const seen = async (): Promise<number> =>
      (await guest.post('/admin/query', { query: { todos: {} } })).body.todos.length;
    expect(await admin.get(dash('/perms/pull'))).toEqual({ status: 200, body: { perms: null } });
    expect(await seen()).toBe(1);
    expect(await admin.post(dash('/rules'), { code: rules })).toEqual({
      status: 200,
      body: { rules: { app_id: app.id, code: rules } },
    });
    expect(await seen()).toBe(0);
    expect((await admin.post(dash('/rules'), { code: badRules })).body).toMatchObject({
      type: 'validation-failed',
      hint: { 'data-type': 'rule' },
    });
    expect((await admin.post(dash('/rules'), {})).body).toMatchObject({ type: 'param-missing' });
    expect((await admin.get(dash('/perms/pull'))).body).toEqual({ perms: rules });
  });
});

describe('an ephemeral app', () => {
  const create = async (fields: JsonObject = {}): Promise<Record<string, string>> => {
    const { status, body } = await anybody.post('/dash/apps/ephemeral', { title: 'For a while', ...fields });
    expect(status, JSON.stringify(body)).toBe(200);
    return body.app;
  };

  test('can come with rules', async () => {
    const { id = '', 'admin-token': token = '' } = await create({ rules: { code: rules } });
    expect((await anybody.as(token).get(`/dash/apps/${id}/perms/pull`)).body).toEqual({ perms: rules });
    const refused = await anybody.post('/dash/apps/ephemeral', { title: 'No', rules: { code: badRules } });
    expect(refused).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
    const none = await anybody.post('/dash/apps/ephemeral', { title: 'No', rules: { todos: {} } });
    expect(none).toMatchObject({
      status: 400,
      body: { type: 'param-malformed', hint: { in: ['body', 'rules', 'code'] } },
    });
  });

  test('is claimed by the operator with its token, and stays', async () => {
    const { id = '', 'admin-token': token = '' } = await create();
    const claim = `/dash/apps/ephemeral/${id}/claim`;
    expect((await anybody.as(token).post(claim, { token })).status).toBe(401);
    expect((await operator.post(claim, { token: uuid() })).body.type).toBe('record-not-found');
    expect(await operator.post(claim, { token })).toEqual({ status: 200, body: {} });
    expect((await operator.get('/dash')).body.apps.map((one: { id: string }) => one.id)).toContain(id);
    for (const path of [claim, `/dash/apps/${id}/claim`]) {
      expect(await operator.post(path, { token })).toMatchObject({
        status: 400,
        body: { message: 'Permission denied: not claimable-app?' },
      });
    }
    now += 30 * 24 * 60 * 60 * 1_000;
    await create();
    expect((await operator.get(`/dash/apps/${id}`)).status).toBe(200);
  });
});

describe('a login of the command line', () => {
  test('waits until the operator claims it, and gives the token once', async () => {
    const { secret, ticket } = (await anybody.post('/dash/cli/auth/register')).body;
    const check = () => anybody.post('/dash/cli/auth/check', { secret });
    expect((await check()).body.hint.errors[0].issue).toBe('waiting-for-user');
    expect((await admin.post('/dash/cli/auth/claim', { ticket })).status).toBe(401);
    expect((await check()).status).toBe(400);
    expect(await operator.post('/dash/cli/auth/claim', { ticket })).toEqual({
      status: 200,
      body: { ticket },
    });
    expect(await check()).toEqual({ status: 200, body: { token: TOKEN, email: 'operator@localhost' } });
    expect((await check()).body.type).toBe('record-not-found');
  });

  test('is over when the operator refuses it, or after two minutes', async () => {
    const refused = (await anybody.post('/dash/cli/auth/register')).body;
    await operator.post('/dash/cli/auth/void', { ticket: refused.ticket });
    const answer = await anybody.post('/dash/cli/auth/check', { secret: refused.secret });
    expect(answer.body.hint.errors[0].issue).toBe('user-voided-request');
    const late = (await anybody.post('/dash/cli/auth/register')).body;
    now += 2 * 60 * 1_000 + 1;
    expect((await operator.post('/dash/cli/auth/claim', { ticket: late.ticket })).status).toBe(400);
    expect((await anybody.post('/dash/cli/auth/check', { secret: late.secret })).body.type).toBe(
      'record-expired',
    );
  });
});

describe('sign-ins', () => {
  test('providers and clients are set up, and no secret is told', async () => {
    const { provider } = (await admin.post(dash('/oauth_service_providers'), { provider_name: 'google' }))
      .body;
    const fields = {
      provider_id: provider.id,
      client_name: 'web',
      client_id: 'id-1',
      client_secret: 'hush',
      discovery_endpoint: 'https://accounts.example.com/.well-known/openid-configuration',
      meta: { appType: 'web' },
    };
    const { client_secret: _, ...told } = fields;
    const { body } = await admin.post(dash('/oauth_clients'), fields);
    expect(body.client).toMatchObject(told);
    const update = { client_id: null, redirect_to: 'https://example.com/back' };
    const changed = (await admin.post(dash(`/oauth_clients/${body.client.id}`), update)).body.client;
    expect(changed).toMatchObject({ ...told, ...update });
    const overview = (await admin.get(dash('/auth'))).body;
    expect(overview).toMatchObject({
      oauth_service_providers: [provider],
      oauth_clients: [changed],
      authorized_redirect_origins: [],
    });
    expect(JSON.stringify([body, overview])).not.toContain('hush');
    expect((await admin.delete(dash(`/oauth_clients/${changed.id}`))).body.client.id).toBe(changed.id);
    expect((await admin.get(dash('/auth'))).body.oauth_clients).toEqual([]);
  });

  test('a client needs a provider that is there, and an address for all but one of them', async () => {
    const fields = { provider_id: uuid(), client_name: 'web' };
    expect((await admin.post(dash('/oauth_clients'), fields)).body.message).toBe(
      'Record not found: app-oauth-service-provider',
    );
    const provider = async (name: string) =>
      (await admin.post(dash('/oauth_service_providers'), { provider_name: name })).body.provider.id;
    expect(
      (await admin.post(dash('/oauth_clients'), { ...fields, provider_id: await provider('google') })).body
        .type,
    ).toBe('param-missing');
    expect(
      (await admin.post(dash('/oauth_clients'), { ...fields, provider_id: await provider('github') })).status,
    ).toBe(200);
  });

  test('a client cannot use credentials that are shared: there are none', async () => {
    const { provider } = (await admin.post(dash('/oauth_service_providers'), { provider_name: 'github' }))
      .body;
    const own = { client_name: 'web', client_id: 'a', client_secret: 'b' };
    const { client } = (await admin.post(dash('/oauth_clients'), { provider_id: provider.id, ...own })).body;
    const shared = { provider_id: provider.id, client_name: 'more', use_shared_credentials: true };
    for (const path of ['/oauth_clients', `/oauth_clients/${client.id}`]) {
      expect(await admin.post(dash(path), shared)).toMatchObject({
        status: 400,
        body: { type: 'record-not-found', hint: { 'record-type': 'shared-oauth-client' } },
      });
    }
    expect((await admin.get(dash('/auth'))).body.oauth_clients).toEqual([client]);
  });

  test('addresses are allowed and taken back', async () => {
    const request = { service: 'generic', params: ['example.com'] };
    const { origin } = (await admin.post(dash('/authorized_redirect_origins'), request)).body;
    expect(origin).toMatchObject({ ...request, created_at: '2026-01-02T03:04:05.000Z' });
    expect((await admin.get(dash('/auth'))).body.authorized_redirect_origins).toEqual([origin]);
    const path = dash(`/authorized_redirect_origins/${origin.id}`);
    expect((await admin.delete(path)).body).toEqual({ origin });
    expect((await admin.delete(path)).status).toBe(400);
    expect(
      (await admin.post(dash('/authorized_redirect_origins'), { service: 'pigeon', params: [] })).status,
    ).toBe(400);
  });

  test('a test user signs in with the same code each time', async () => {
    const user = { email: 'reviewer@example.com', code: '123456' };
    const { body } = await operator.post(dash('/test_users'), user);
    expect(body['test-user']).toMatchObject(user);
    expect((await operator.get(dash('/test_users'))).body['test-users']).toEqual([body['test-user']]);
    for (const _ of [1, 2]) expect((await admin.post('/admin/verify_magic_code', user)).status).toBe(200);
    expect(
      (await operator.post(dash('/test_users'), { ...user, code: '12345' })).body.hint.errors[0].message,
    ).toBe('Code must be a 6-digit number.');
    await operator.delete(dash('/test_users'), { id: body['test-user'].id });
    expect((await admin.post('/admin/verify_magic_code', user)).status).toBe(400);
  });
});

describe('the platform', () => {
  const path = (rest = ''): string => `/superadmin/apps/${app.id}${rest}`;

  test('creates, lists, renames and deletes apps', async () => {
    const { body } = await operator.post('/superadmin/apps', {
      title: 'Platform',
      schema: todoSchema,
      perms: rules,
    });
    expect(body.app).toMatchObject({ title: 'Platform', perms: rules, 'admin-token': expect.any(String) });
    expect(body.app.schema.blobs).toHaveProperty('todos');
    const find = async (query: string) => {
      const { apps } = (await operator.get(`/superadmin/apps${query}`)).body;
      return apps.find((one: { id: string }) => one.id === body.app.id);
    };
    expect(await find('')).not.toHaveProperty('schema');
    expect(await find('')).not.toHaveProperty('admin-token');
    expect(await find('?include=schema,perms')).toMatchObject({
      perms: rules,
      schema: { blobs: { todos: {} } },
    });
    const mine = `/superadmin/apps/${body.app.id}`;
    expect((await operator.post(mine, { title: 'Renamed' })).body.app.title).toBe('Renamed');
    expect((await operator.get(mine)).body.app.title).toBe('Renamed');
    expect((await operator.delete(mine)).body.app.id).toBe(body.app.id);
    expect((await operator.get(mine)).status).toBe(400);
  });

  test('pushes schemas and rules with an admin token', async () => {
    const push = { schema: todoSchema, check_types: true, supports_background_updates: true };
    expect((await admin.post(path('/schema/push/plan'), push)).body.steps.length).toBeGreaterThan(3);
    expect((await admin.post(path('/schema/push/apply'), push)).status).toBe(200);
    expect((await admin.get(path('/schema'))).body.schema.blobs).toHaveProperty('todos');
    expect((await admin.post(path('/perms'), { code: rules })).body.rules.code).toEqual(rules);
    expect((await admin.get(path('/perms'))).body).toEqual({ perms: rules });
  });

  test('there are no organizations', async () => {
    expect((await operator.get('/superadmin/orgs')).body).toEqual({ orgs: [] });
    for (const one of [`/superadmin/orgs/${uuid()}/apps`, `/dash/orgs/${uuid()}`]) {
      expect(await operator.get(one)).toMatchObject({
        status: 400,
        body: { message: 'Record not found: org' },
      });
    }
  });
});
