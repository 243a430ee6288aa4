import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/json.ts';
import type { BackendApp } from '../../index.ts';
import { backendForTests } from '../../testing/backend-for-tests.ts';
import { HttpClient } from '../../testing/http-client.ts';
import { RawSession } from '../../testing/raw-session.ts';

let app: BackendApp;
let admin: HttpClient;

const backend = await backendForTests();
beforeEach(() => {
  const nickname = { valueType: 'string', required: false, config: { indexed: false, unique: false } };
  app = backend.createApp({ schema: { entities: { $users: { attrs: { nickname } } }, links: {} } });
  admin = new HttpClient(backend.url, { 'app-id': app.id }).as(app.adminToken);
});

const isSignedIn = async (token: string): Promise<boolean> => {
  const { status } = await admin.post('/runtime/auth/verify_refresh_token', {
    'app-id': app.id,
    'refresh-token': token,
  });
  return status === 200;
};

async function ok(path: string, body: JsonObject = {}) {
  const reply = await admin.post(`/admin/${path}`, body);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
  return reply.body;
}

test('a token is made for a user, who is created by email or by id', async () => {
  const first = await ok('refresh_tokens', {
    email: ' Joe@Example.com ',
    'extra-fields': { nickname: 'joe' },
  });
  expect(first).toMatchObject({
    created: true,
    user: { email: 'joe@example.com', nickname: 'joe', app_id: app.id },
  });
  const again = await ok('refresh_tokens', { email: 'joe@example.com' });
  expect(again).toMatchObject({ created: false, user: { id: first.user.id } });
  expect(again.user.refresh_token).not.toBe(first.user.refresh_token);
  const id = crypto.randomUUID();
  expect(await ok('refresh_tokens', { id })).toMatchObject({ created: true, user: { id } });
  for (const { user } of [first, again]) expect(await isSignedIn(user.refresh_token)).toBe(true);
});

test.each<[string, JsonObject, JsonObject]>([
  [
    'refresh_tokens',
    { name: 'joe' },
    {
      message: 'Validation failed for body: Please provide an `email` or `id`',
      hint: { input: { name: 'joe' } },
    },
  ],
  ['refresh_tokens', { email: 'joe' }, { type: 'param-malformed', hint: { in: ['body', 'email'] } }],
  ['refresh_tokens', { id: 'joe' }, { type: 'param-malformed', hint: { in: ['body', 'id'] } }],
  [
    'refresh_tokens',
    { email: 'a@b.co', 'extra-fields': { age: 1 } },
    {
      message:
        'Validation failed for extra-fields: Unknown field: age. It must be defined in your $users schema.',
    },
  ],
  [
    'sign_out',
    {},
    { message: 'Validation failed for body: Please provide an `id`, `email`, or `refresh_token`' },
  ],
  ['sign_out', { email: 'no@body.org' }, { type: 'record-not-found', message: 'Record not found: app-user' }],
  ['magic_code', {}, { type: 'param-missing', hint: { in: ['body', 'email'] } }],
  [
    'verify_magic_code',
    { email: 'a@b.co', code: '000000' },
    { message: 'Record not found: app-user-magic-code' },
  ],
])('POST /admin/%s refuses %j', async (path, body, expected) => {
  expect(await admin.post(`/admin/${path}`, body)).toMatchObject({ status: 400, body: expected });
});

test('a sign-out takes one token, or all of a user', async () => {
  const email = 'joe@example.com';
  const token = async (): Promise<{ id: string; refresh_token: string }> =>
    (await ok('refresh_tokens', { email })).user;
  const [a, b] = [await token(), await token()];
  expect(await ok('sign_out', { refresh_token: a.refresh_token })).toEqual({ ok: true });
  expect([await isSignedIn(a.refresh_token), await isSignedIn(b.refresh_token)]).toEqual([false, true]);
  const c = await token();
  await ok('sign_out', { email });
  expect([await isSignedIn(b.refresh_token), await isSignedIn(c.refresh_token)]).toEqual([false, false]);
  const d = await token();
  await ok('sign_out', { id: d.id });
  expect(await isSignedIn(d.refresh_token)).toBe(false);
});

test('a code signs in once, whether it was sent or only made', async () => {
  for (const path of ['magic_code', 'send_magic_code']) {
    const email = `${path}@example.com`;
    const { code } = await ok(path, { email });
    expect(code).toMatch(/^\d{6}$/);
    const signedIn = await ok('verify_magic_code', { email, code, 'extra-fields': { nickname: path } });
    expect(signedIn).toMatchObject({ created: true, user: { email, nickname: path } });
    expect(await isSignedIn(signedIn.user.refresh_token)).toBe(true);
    expect((await admin.post('/admin/verify_magic_code', { email, code })).status).toBe(400);
  }
});

test('a guest becomes a user', async () => {
  const { user: guest } = await ok('sign_in_guest');
  expect(guest).toMatchObject({ type: 'guest', isGuest: true });
  const email = 'joe@example.com';
  const { code } = await ok('magic_code', { email });
  const { user, created } = await ok('verify_magic_code', {
    email,
    code,
    'refresh-token': guest.refresh_token,
  });
  expect({ id: user.id, type: user.type, created }).toEqual({ id: guest.id, type: 'user', created: true });
});

test('a user is shown and deleted by whatever names them', async () => {
  const { user } = await ok('refresh_tokens', { email: 'joe@example.com' });
  const { refresh_token: token, ...told } = user;
  for (const name of ['email=joe%40example.com', `id=${user.id}`, `refresh_token=${token}`]) {
    expect((await admin.get(`/admin/users?${name}`)).body).toEqual({ user: told });
  }
  expect((await admin.get('/admin/users')).body.message).toContain(
    'Please provide a user id, email, or refresh_token',
  );
  expect((await admin.get('/admin/users?id=joe')).body).toMatchObject({
    type: 'param-malformed',
    hint: { in: ['params', 'id'] },
  });
  expect((await admin.delete(`/admin/users?refresh_token=${token}`)).body).toEqual({ deleted: told });
  expect((await admin.delete(`/admin/users?id=${user.id}`)).body).toEqual({ deleted: null });
  expect(await isSignedIn(token)).toBe(false);
});

test('none of it is for whoever has no admin token', async () => {
  const guest = new HttpClient(backend.url, { 'app-id': app.id, 'as-guest': 'true' });
  for (const path of [
    'refresh_tokens',
    'sign_out',
    'magic_code',
    'send_magic_code',
    'verify_magic_code',
    'sign_in_guest',
  ]) {
    expect((await guest.post(`/admin/${path}`, { email: 'a@b.co' })).body.type, path).toBe('param-missing');
  }
  expect((await guest.get('/admin/users?email=a@b.co')).status).toBe(400);
  expect((await guest.get('/admin/rooms/presence?room-type=a&room-id=b')).status).toBe(400);
});

describe('GET /admin/rooms/presence', () => {
  test('tells who is in a room, users with all that is known of them', async () => {
    const { user } = await ok('refresh_tokens', { email: 'joe@example.com' });
    const [joe, nobody] = [
      await RawSession.init(backend, app, { 'refresh-token': user.refresh_token }),
      await RawSession.init(backend, app),
    ];
    for (const session of [joe, nobody]) {
      await session.ask({ op: 'join-room', 'room-type': 'chat', 'room-id': 'r1', data: { typing: true } });
    }
    const { status, body } = await admin.get('/admin/rooms/presence?room-type=chat&room-id=r1');
    expect(status, JSON.stringify(body)).toBe(200);
    const sessions = Object.entries(body.sessions as Record<string, JsonObject>);
    expect(sessions).toHaveLength(2);
    for (const [id, session] of sessions) {
      expect(session).toMatchObject({
        'peer-id': id,
        'instance-id': expect.any(String),
        data: { typing: true },
      });
    }
    const { refresh_token: _, ...told } = user;
    expect(sessions.map(([, session]) => session.user)).toEqual(expect.arrayContaining([told, null]));
    expect(JSON.stringify(body)).not.toContain(user.refresh_token);
    await Promise.all([joe.close(), nobody.close()]);
  });

  test('an empty room is there, and a room without a name or a type is not', async () => {
    expect((await admin.get('/admin/rooms/presence?room-type=chat&room-id=r2')).body).toEqual({
      sessions: {},
    });
    expect((await admin.get('/admin/rooms/presence?room-type=chat')).body).toMatchObject({
      type: 'param-missing',
      hint: { in: ['params', 'room-id'] },
    });
    expect((await admin.get('/admin/rooms/presence?room-id=r2')).body.type).toBe('param-missing');
  });
});
