import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import type { BackendApp } from '../index.ts';
import { type AuthBackend, startAuthBackend, userSchema } from '../testing/auth-backend.ts';
import { RawSession } from '../testing/raw-session.ts';

const GUEST = '/runtime/auth/sign_in_guest';
const DENIED = {
  status: 400,
  body: { type: 'permission-denied', hint: { input: ['$users', 'create'], expected: 'perms-pass?' } },
};

let auth: AuthBackend;
beforeAll(async () => {
  auth = await startAuthBackend();
});
afterAll(() => auth.backend.close());

const createApp = (rules: JsonObject): BackendApp => auth.backend.createApp({ schema: userSchema, rules });
/** Pushes rules, as a developer does. */
async function push(app: BackendApp, code: JsonObject): Promise<void> {
  const headers = { authorization: `Bearer ${app.adminToken}` };
  const { status, body } = await auth.post(`/dash/apps/${app.id}/rules`, { code }, headers);
  expect(status, JSON.stringify(body)).toBe(200);
}

const createRule = (create: string): JsonObject => ({ $users: { allow: { create } } });

describe('$users.allow.create', () => {
  test('decides who may sign up, by the new user as data and as auth', async () => {
    const app = createApp(createRule("data.email.endsWith('@example.com') && auth.id == data.id"));
    expect((await auth.signIn(app, 'ada@example.com')).body).toMatchObject({ created: true });
    expect(await auth.signIn(app, 'ada@evil.example')).toMatchObject(DENIED);
  });

  test('refuses without using the code up', async () => {
    const app = createApp(createRule('false'));
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    expect(await auth.post('/runtime/auth/verify_magic_code', body)).toMatchObject(DENIED);
    expect(app.magicCode('ada@example.com')).toBe(code);
    await push(app, {});
    expect((await auth.post('/runtime/auth/verify_magic_code', body)).status).toBe(200);
  });

  test('lets extra fields in, and sees them', async () => {
    const app = createApp(createRule("data.nickname != 'root'"));
    const signIn = (nickname: string) =>
      auth.post(GUEST, { 'app-id': app.id, 'extra-fields': { nickname, age: 36 } });
    expect(await signIn('ada')).toMatchObject({ status: 200, body: { user: { nickname: 'ada', age: 36 } } });
    expect(await signIn('root')).toMatchObject(DENIED);
  });

  test('lets no value of another type in, and creates nobody then', async () => {
    const app = createApp(createRule('true'));
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    const verify = (fields: JsonObject) =>
      auth.post('/runtime/auth/verify_magic_code', { ...body, 'extra-fields': fields });
    expect(await verify({ age: 'old' })).toMatchObject({ status: 400, body: { type: 'validation-failed' } });
    expect(await verify({ age: 36 })).toMatchObject({ status: 200, body: { created: true } });
  });

  test('is not asked of a user who is there', async () => {
    const app = createApp({});
    await auth.signIn(app, 'ada@example.com');
    await push(app, createRule('false'));
    expect((await auth.signIn(app, 'ada@example.com')).body).toMatchObject({ created: false });
  });

  test('is asked of a guest who becomes a user', async () => {
    const app = createApp(createRule('data.email == null'));
    const { body } = await auth.post(GUEST, { 'app-id': app.id });
    const { refresh_token } = body.user as { refresh_token: string };
    expect(await auth.signIn(app, 'ada@example.com', { 'refresh-token': refresh_token })).toMatchObject(
      DENIED,
    );
  });

  test('is that very rule: what holds by default for creating does not concern sign-ups', async () => {
    const app = createApp({ $default: { allow: { $default: 'false' } } });
    expect((await auth.signIn(app, 'ada@example.com')).status).toBe(200);
  });

  test('sees the new user as auth, all that data has of them, and nothing else', async () => {
    const create = [
      'auth.id == data.id && auth.email == data.email && auth.nickname == data.nickname',
      "auth.nickname == 'ada' && data.nickname == 'ada' && newData.nickname == 'ada'",
      'auth.isGuest == null && auth.type == null && auth.app_id == null && auth.created_at == null',
    ];
    const app = createApp(createRule(create.join(' && ')));
    const fields = { 'extra-fields': { nickname: 'ada' } };
    expect(await auth.signIn(app, 'ada@example.com', fields)).toMatchObject({ status: 200 });
    // A guest who becomes a user is new in this too.
    const guestApp = createApp(
      createRule('auth.email == null ? true : auth.type == null && auth.email == data.email'),
    );
    const { body } = await auth.post(GUEST, { 'app-id': guestApp.id });
    const { refresh_token } = body.user as { refresh_token: string };
    const upgrade = { 'refresh-token': refresh_token };
    expect(await auth.signIn(guestApp, 'ada@example.com', upgrade)).toMatchObject({ status: 200 });
  });

  test('is told where the request comes from', async () => {
    const app = createApp(createRule("request.ip == '127.0.0.1' && request.origin == 'https://example.com'"));
    const origin = { origin: 'https://example.com' };
    expect((await auth.post(GUEST, { 'app-id': app.id }, origin)).status).toBe(200);
    expect(await auth.post(GUEST, { 'app-id': app.id })).toMatchObject(DENIED);
  });
});

describe('rules', () => {
  const rules = {
    notes: { allow: { view: 'auth.email != null', create: "auth.nickname == 'ada'" } },
  };

  test('see the user of a session, and of a query over HTTP', async () => {
    const app = createApp({ ...rules, $users: { allow: { create: 'true' } } });
    const answer = await auth.signIn(app, 'ada@example.com', { 'extra-fields': { nickname: 'ada' } });
    const { refresh_token: token } = answer.body.user as { refresh_token: string };
    const attrs = app.snapshot().attrs;
    const attr = (label: string): string =>
      attrs.find(({ 'forward-identity': [, etype, name] }) => etype === 'notes' && name === label)?.id ?? '';
    const steps = (id: string) => [
      ['add-triple', id, attr('id'), id],
      ['add-triple', id, attr('text'), 'hello'],
    ];
    const visitor = await RawSession.init(auth.backend, app);
    const user = await RawSession.init(auth.backend, app, { 'refresh-token': token });
    expect(await visitor.ask({ op: 'transact', 'tx-steps': steps(crypto.randomUUID()) })).toMatchObject({
      op: 'error',
      type: 'permission-denied',
    });
    const id = crypto.randomUUID();
    expect(await user.ask({ op: 'transact', 'tx-steps': steps(id) })).toMatchObject({ op: 'transact-ok' });
    await Promise.all([visitor.close(), user.close()]);

    const query = (headers: Record<string, string>) =>
      auth.post('/runtime/framework/query', { query: { notes: {} } }, { 'app-id': app.id, ...headers });
    const asUser = await query({ authorization: `Bearer ${token}` });
    expect(asUser.status).toBe(200);
    expect(JSON.stringify(asUser.body.result)).toContain(id);
    expect(asUser.body.attrs).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: attr('text') })]),
    );
    for (const headers of [{}, { authorization: `Bearer ${crypto.randomUUID()}` }, { authorization: 'x' }]) {
      const asVisitor = await query(headers as Record<string, string>);
      expect(asVisitor.status).toBe(200);
      expect(JSON.stringify(asVisitor.body.result)).not.toContain(id);
    }
  });

  test.each([
    ['a guest', true, 'auth.isGuest && auth.type == "guest" && auth.email == null'],
    ['a user', false, '!auth.isGuest && auth.type == "user" && auth.email == "ada@example.com"'],
  ])('see of %s what the row of a user says on the server', async (_, asGuest, rule) => {
    const of = [
      rule,
      'auth.app_id == ruleParams.app && auth.created_at == ruleParams.at',
      'timestamp(auth.created_at) <= request.time && auth.refresh_token == null',
      'auth.ref("$user.id") == [auth.id]',
    ];
    const app = createApp({ notes: { allow: { view: of.join(' && ') } } });
    const { body } = asGuest
      ? await auth.post(GUEST, { 'app-id': app.id })
      : await auth.signIn(app, 'ada@example.com');
    const user = body.user as { refresh_token: string; created_at: string };
    const session = await RawSession.init(auth.backend, app, { 'refresh-token': user.refresh_token });
    const id = crypto.randomUUID();
    const admin = { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` };
    const written = await auth.post(
      '/admin/transact',
      { steps: [['update', 'notes', id, { text: 'x' }]] },
      admin,
    );
    expect(written.status).toBe(200);
    const $$ruleParams = { app: app.id, at: user.created_at };
    const answer = await session.ask({ op: 'add-query', q: { notes: {}, $$ruleParams } });
    expect(JSON.stringify(answer)).toContain(`"${id}"`);
    await session.close();
  });

  test('let a user see their linked guests, and nobody else', async () => {
    const app = createApp({});
    const known = await auth.signIn(app, 'ada@example.com');
    const { body } = await auth.post(GUEST, { 'app-id': app.id });
    const guest = body.user as { id: string; refresh_token: string };
    await auth.signIn(app, 'ada@example.com', { 'refresh-token': guest.refresh_token });
    await auth.signIn(app, 'bob@example.com');
    const { id, refresh_token } = known.body.user as { id: string; refresh_token: string };
    const { body: seen } = await auth.post(
      '/runtime/framework/query',
      { query: { $users: { linkedGuestUsers: {} } } },
      { 'app-id': app.id, authorization: `Bearer ${refresh_token}` },
    );
    const text = JSON.stringify(seen.result);
    expect(text).toContain(id);
    expect(text).toContain(guest.id);
    expect(text).not.toContain('bob@example.com');
  });

  test.each<[string, Record<string, string>, JsonObject, string[]]>([
    ['without an app', {}, { query: {} }, ['headers', 'app-id']],
    ['with an app that is none', { 'app-id': 'x' }, { query: {} }, ['headers', 'app-id']],
    ['without a query', { 'app-id': crypto.randomUUID() }, {}, ['body', 'query']],
    ['with a query that is none', { 'app-id': crypto.randomUUID() }, { query: [] }, ['body', 'query']],
  ])('are not asked %s', async (_case, headers, body, path) => {
    expect(await auth.post('/runtime/framework/query', body, headers)).toMatchObject({
      status: 400,
      body: { hint: { in: path } },
    });
  });
});
