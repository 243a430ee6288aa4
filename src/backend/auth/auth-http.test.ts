import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInstantNodeError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { type AuthBackend, startAuthBackend, userSchema } from '../testing/auth-backend.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SEND = '/runtime/auth/send_magic_code';
const VERIFY = '/runtime/auth/verify_magic_code';
const TOKEN = '/runtime/auth/verify_refresh_token';
const GUEST = '/runtime/auth/sign_in_guest';
const SIGN_OUT = '/runtime/signout';

let auth: AuthBackend;
beforeAll(async () => {
  auth = await startAuthBackend();
});
afterAll(() => auth.backend.close());

const createApp = () => auth.backend.createApp({ schema: userSchema });
const refused = (type: string, message: string, hint: JsonObject = {}) => ({
  status: type === 'rate-limited' ? 429 : 400,
  body: { type, message, ...(Object.keys(hint).length > 0 && { hint }) },
});
const NO_CODE = refused('record-not-found', 'Record not found: app-user-magic-code', {
  'record-type': 'app-user-magic-code',
});
const tokenOf = ({ body }: { body: Record<string, JsonValue> }): string =>
  (body.user as { refresh_token: string }).refresh_token;

describe('malformed requests', () => {
  const id = crypto.randomUUID();
  const email = 'ada@example.com';
  test.each<[path: string, body: JsonValue, error: string, at: string]>([
    [SEND, {}, 'param-missing', 'email'],
    [SEND, { email: null }, 'param-missing', 'email'],
    [SEND, { email: 7, 'app-id': id }, 'param-malformed', 'email'],
    [SEND, { email: 'ada', 'app-id': id }, 'param-malformed', 'email'],
    [SEND, { email: 'ada@localhost', 'app-id': id }, 'param-malformed', 'email'],
    [SEND, { email: `${'a'.repeat(400)}@example.com`, 'app-id': id }, 'param-malformed', 'email'],
    [SEND, { email }, 'param-missing', 'app-id'],
    [SEND, { email, 'app-id': 'x' }, 'param-malformed', 'app-id'],
    [VERIFY, { email, 'app-id': id }, 'param-missing', 'code'],
    [VERIFY, { email, 'app-id': id, code: 123456 }, 'param-malformed', 'code'],
    [VERIFY, { email, 'app-id': id, code: ['1'] }, 'param-malformed', 'code'],
    [TOKEN, { 'app-id': id }, 'param-missing', 'refresh-token'],
    [TOKEN, { 'app-id': id, 'refresh-token': 'x' }, 'param-malformed', 'refresh-token'],
    [TOKEN, { 'refresh-token': id }, 'param-missing', 'app-id'],
    [GUEST, {}, 'param-missing', 'app-id'],
    [SIGN_OUT, { app_id: {} }, 'param-malformed', 'app_id'],
  ])('%s of %j: %s at %s', async (path, body, type, at) => {
    const shown = type === 'param-missing' ? 'Missing' : 'Malformed';
    expect(await auth.post(path, body)).toMatchObject(
      refused(type, `${shown} parameter: ["body" "${at}"]`, { in: ['body', at] }),
    );
  });

  test.each<[string, JsonObject]>([
    ['extra-fields', { 'extra-fields': [] }],
    ['extra-fields', { 'extra-fields': 'nickname' }],
    ['refresh-token', { 'refresh-token': 'x' }],
  ])('an optional field is malformed, too: %s in %j', async (at, fields) => {
    const app = createApp();
    const body = { 'app-id': app.id, email, code: '123456', ...fields };
    expect(await auth.post(VERIFY, body)).toMatchObject({
      status: 400,
      body: { hint: { in: ['body', at] } },
    });
  });

  test.each([SEND, VERIFY, GUEST])('%s names an app that is not there', async (path) => {
    const body = { 'app-id': id, email, code: '123456' };
    expect(await auth.post(path, body)).toMatchObject(
      refused('record-not-found', 'Record not found: app', { 'record-type': 'app' }),
    );
  });

  test('a token of an app that is not there is nobody, who may sign out', async () => {
    expect(await auth.post(TOKEN, { 'app-id': id, 'refresh-token': id })).toMatchObject(
      refused('record-not-found', 'Record not found: app-user', { 'record-type': 'app-user' }),
    );
    expect(await auth.post(SIGN_OUT, { app_id: id, refresh_token: id })).toMatchObject({
      status: 200,
      body: {},
    });
  });
});

describe('magic codes', () => {
  test('are good once', async () => {
    const app = createApp();
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ADA@example.com ', code: ` ${code} ` };
    expect((await auth.post(VERIFY, body)).status).toBe(200);
    expect(await auth.post(VERIFY, body)).toMatchObject(NO_CODE);
  });

  test('are good for their email in their app alone', async () => {
    const [app, other] = [createApp(), createApp()];
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    expect(await auth.post(VERIFY, { ...body, 'app-id': other.id })).toMatchObject(NO_CODE);
    expect(await auth.post(VERIFY, { ...body, email: 'bob@example.com' })).toMatchObject(NO_CODE);
    const wrong = code === '000000' ? '000001' : '000000';
    expect(await auth.post(VERIFY, { ...body, code: wrong })).toMatchObject(NO_CODE);
    expect((await auth.post(VERIFY, body)).status).toBe(200);
  });

  test('are good for 24 hours', async () => {
    const app = createApp();
    const [early, late] = [
      await auth.sendCode(app, 'early@example.com'),
      await auth.sendCode(app, 'late@example.com'),
    ];
    auth.pass(24 * HOUR_MS);
    const body = { 'app-id': app.id, email: 'early@example.com', code: early };
    expect((await auth.post(VERIFY, body)).status).toBe(200);
    auth.pass(1);
    expect(await auth.post(VERIFY, { ...body, email: 'late@example.com', code: late })).toMatchObject(
      refused('record-expired', 'Record expired: app-user-magic-code', {
        'record-type': 'app-user-magic-code',
      }),
    );
  });

  test('are good for as long as the operator says, and no longer than a day', async () => {
    const app = createApp();
    const headers = { authorization: `Bearer ${auth.backend.personalAccessToken}` };
    const limit = (expiry: JsonValue) =>
      auth.post(`/dash/apps/${app.id}/set-magic-code-expiry`, { expiry }, headers);
    for (const expiry of [0, -1, 1441]) expect(await limit(expiry)).toMatchObject({ status: 400 });
    expect(await limit('10')).toMatchObject({ body: { type: 'param-malformed' } });
    const codes = [await auth.sendCode(app, 'a@example.com'), await auth.sendCode(app, 'b@example.com')];
    expect(await limit(10)).toMatchObject({ body: { app: { magic_code_expiry_minutes: 10 } } });
    auth.pass(10 * MINUTE_MS);
    const verify = (email: string, code = '') => auth.post(VERIFY, { 'app-id': app.id, email, code });
    expect((await verify('a@example.com', codes[0])).status).toBe(200);
    auth.pass(1);
    expect(await verify('b@example.com', codes[1])).toMatchObject({ body: { type: 'record-expired' } });
  });

  test('may be several at a time: an older one is good as well', async () => {
    const app = createApp();
    const codes = [await auth.sendCode(app, 'a@example.com'), await auth.sendCode(app, 'a@example.com')];
    for (const code of codes) {
      const body = { 'app-id': app.id, email: 'a@example.com', code };
      expect((await auth.post(VERIFY, body)).status).toBe(200);
    }
  });

  test('are sent 20 times an hour to an email, then not until the hour is over', async () => {
    const app = createApp();
    const send = (to: string) => auth.post(SEND, { 'app-id': app.id, email: to });
    for (let i = 0; i < 20; i++) expect((await send('ada@example.com')).status).toBe(200);
    expect(await send('ada@example.com')).toMatchObject(
      refused(
        'rate-limited',
        'Too many verification codes requested for this email. Please try again later.',
      ),
    );
    expect((await send('bob@example.com')).status, 'others are not concerned').toBe(200);
    expect((await auth.post(SEND, { 'app-id': createApp().id, email: 'ada@example.com' })).status).toBe(200);
    auth.pass(HOUR_MS - 1);
    expect((await send('ada@example.com')).status).toBe(429);
    auth.pass(1);
    expect((await send('ada@example.com')).status).toBe(200);
  });

  test('are tried 20 times an hour, and after that even the right one is refused', async () => {
    const app = createApp();
    const code = await auth.sendCode(app, 'ada@example.com');
    const wrong = code === '000000' ? '000001' : '000000';
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    for (let i = 0; i < 20; i++)
      expect(await auth.post(VERIFY, { ...body, code: wrong })).toMatchObject(NO_CODE);
    expect((await auth.post(VERIFY, body)).status).toBe(429);
    auth.pass(HOUR_MS);
    expect((await auth.post(VERIFY, body)).status).toBe(200);
  });

  test('are told to the log, and nothing else is: neither tokens nor the codes that are tried', async () => {
    const app = createApp();
    auth.logged.length = 0;
    const answer = await auth.signIn(app, 'ada@example.com');
    await auth.post(VERIFY, { 'app-id': app.id, email: 'ada@example.com', code: '424242' });
    await auth.post(TOKEN, { 'app-id': app.id, 'refresh-token': tokenOf(answer) });
    expect(auth.logged).toEqual([
      {
        level: 'info',
        message: expect.stringMatching(`^Magic code for ada@example.com in app ${app.id}: \\d{6}$`),
      },
    ]);
  });

  test('of test users are good any number of times, and for nobody else', async () => {
    const app = auth.backend.createApp({ signIn: { testUsers: { 'Ada@example.com': '123456' } } });
    const body = { 'app-id': app.id, email: 'ada@example.com', code: '123456' };
    for (const created of [true, false])
      expect(await auth.post(VERIFY, body)).toMatchObject({ status: 200, body: { created } });
    expect(await auth.post(VERIFY, { ...body, code: '123457' })).toMatchObject(NO_CODE);
    expect(await auth.post(VERIFY, { ...body, email: 'bob@example.com' })).toMatchObject(NO_CODE);
  });
});

describe('tokens', () => {
  test('and codes are stored as hashes', async () => {
    const app = createApp();
    const token = tokenOf(await auth.signIn(app, 'ada@example.com'));
    const code = await auth.sendCode(app, 'ada@example.com');
    const stored = app.snapshot().triples.map(([, , v]) => v);
    const bytes = Uint8Array.from(token.replaceAll('-', '').match(/../g) ?? [], (hex) =>
      Number.parseInt(hex, 16),
    );
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hash = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    expect(stored).toContain(hash);
    expect(stored).not.toContain(token);
    expect(stored).not.toContain(code);
  });

  test('are good in their app alone', async () => {
    const [app, other] = [createApp(), createApp()];
    const token = tokenOf(await auth.signIn(app, 'ada@example.com'));
    const notThere = { status: 400, body: { hint: { 'record-type': 'app-user' } } };
    expect(await auth.post(TOKEN, { 'app-id': other.id, 'refresh-token': token })).toMatchObject(notThere);
    await auth.post(SIGN_OUT, { app_id: other.id, refresh_token: token });
    expect((await auth.post(TOKEN, { 'app-id': app.id, 'refresh-token': token })).status).toBe(200);
  });

  test('are removed one by one: a user stays signed in elsewhere', async () => {
    const app = createApp();
    const tokens = [
      tokenOf(await auth.signIn(app, 'ada@example.com')),
      tokenOf(await auth.signIn(app, 'ada@example.com')),
    ];
    const signOut = () => auth.post(SIGN_OUT, { app_id: app.id, refresh_token: String(tokens[0]) });
    expect(await signOut()).toMatchObject({ status: 200, body: {} });
    expect((await signOut()).status, 'once more does nothing').toBe(200);
    const statuses = tokens.map(
      async (token) => (await auth.post(TOKEN, { 'app-id': app.id, 'refresh-token': token })).status,
    );
    expect(await Promise.all(statuses)).toEqual([400, 200]);
  });

  test('are removed also while the app may not be written, when nobody can sign in', async () => {
    const app = createApp();
    const token = tokenOf(await auth.signIn(app, 'ada@example.com'));
    for (const [status, type] of [
      ['read-only', 'app-read-only'],
      ['disabled', 'app-disabled'],
    ] as const) {
      app.setStatus(status);
      expect(await auth.post(GUEST, { 'app-id': app.id })).toMatchObject({ status: 400, body: { type } });
    }
    expect((await auth.post(SIGN_OUT, { app_id: app.id, refresh_token: token })).status).toBe(200);
    expect((await auth.post(TOKEN, { 'app-id': app.id, 'refresh-token': token })).status).toBe(400);
  });
});

describe('extra fields', () => {
  test('are refused without a rule that says who may sign up with them, and the code stays good', async () => {
    const app = createApp();
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    const denied = {
      status: 400,
      body: { type: 'permission-denied', hint: { input: ['$users', 'create'] } },
    };
    expect(await auth.post(VERIFY, { ...body, 'extra-fields': { nickname: 'A' } })).toMatchObject(denied);
    expect(await auth.post(GUEST, { 'app-id': app.id, 'extra-fields': { nickname: 'A' } })).toMatchObject(
      denied,
    );
    expect((await auth.post(VERIFY, { ...body, 'extra-fields': {} })).status).toBe(200);
  });

  test.each<[string, string]>([
    ['shoeSize', 'Unknown field: shoeSize. It must be defined in your $users schema.'],
    ['__proto__', 'Unknown field: __proto__. It must be defined in your $users schema.'],
    ['email', 'Cannot set system field: email'],
    ['type', 'Cannot set system field: type'],
    ['linkedPrimaryUser', 'Cannot set system field: linkedPrimaryUser'],
  ])('are what the schema adds to users: not %s', async (label, message) => {
    const fields = JSON.parse(`{"${label}": "x"}`) as JsonObject;
    expect(await auth.post(GUEST, { 'app-id': createApp().id, 'extra-fields': fields })).toMatchObject({
      status: 400,
      body: { type: 'validation-failed', message: expect.stringContaining(message) },
    });
  });

  test('are passed over when the user is there already', async () => {
    const app = createApp();
    await auth.signIn(app, 'ada@example.com');
    const answer = await auth.signIn(app, 'ada@example.com', { 'extra-fields': { nickname: 'A' } });
    expect(answer).toMatchObject({ status: 200, body: { created: false } });
    expect(answer.body.user).not.toHaveProperty('nickname');
  });
});

describe('createApp({ signIn })', () => {
  test.each<[string, unknown, string]>([
    ['no object', 7, '"signIn"'],
    ['an unknown name', { testUser: {} }, '"signIn.testUser"'],
    ['test users without emails', { testUsers: { ada: '123456' } }, '"signIn.testUsers["ada"]"'],
    ['a code of five digits', { testUsers: { 'a@b.co': '12345' } }, '"signIn.testUsers["a@b.co"]"'],
    ['a redirect that is no address', { redirectOrigins: ['example.com'] }, '"signIn.redirectOrigins[0]"'],
    ['a redirect to scripts', { redirectOrigins: ['javascript:alert(1)'] }, '"signIn.redirectOrigins[0]"'],
    ['a client without a name', { oauthClients: [{}] }, '"signIn.oauthClients[0].name"'],
    [
      'a client without a discovery document',
      { oauthClients: [{ name: 'x', clientSecret: 'hush' }] },
      '"signIn.oauthClients[0].discoveryEndpoint"',
    ],
    [
      'a secret of another type',
      { oauthClients: [{ name: 'x', discoveryEndpoint: 'https://x.co', clientSecret: ['hush'] }] },
      '"signIn.oauthClients[0].clientSecret"',
    ],
    [
      'two clients of one name',
      {
        oauthClients: [
          { name: 'x', discoveryEndpoint: 'https://x.co' },
          { name: 'x', discoveryEndpoint: 'https://x.co' },
        ],
      },
      '"signIn.oauthClients[1].name"',
    ],
  ])('refuses %s, and names it without the secret', (_case, signIn, named) => {
    const attempt = () => auth.backend.createApp({ signIn: signIn as never });
    let thrown: unknown;
    try {
      attempt();
    } catch (error) {
      thrown = error;
    }
    expect(isInstantNodeError(thrown, 'invalid-config')).toBe(true);
    expect(String(thrown)).toContain(named);
    expect(String(thrown)).not.toContain('hush');
  });
});
