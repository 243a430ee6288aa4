import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/json.ts';
import type { BackendApp, SignInOptions } from '../../index.ts';
import {
  type AuthBackend,
  openClient,
  START,
  startAuthBackend,
  userSchema,
} from '../../testing/auth-backend.ts';
import { type FakeProvider, startFakeProvider } from '../../testing/fake-provider.ts';

const MINUTE_MS = 60_000;
const HOME = 'http://localhost:3000/signed-in';
const ADA = { sub: 'ada-1', email: 'Ada@example.com', email_verified: true, picture: 'https://x.co/ada.png' };

let auth: AuthBackend;
let provider: FakeProvider;
let now = START;
beforeAll(async () => {
  auth = await startAuthBackend();
  provider = await startFakeProvider(() => now);
});
beforeEach(() => {
  provider.nextUser = ADA;
});
afterAll(async () => {
  await auth.backend.close();
  await provider.close();
});

function pass(ms: number): void {
  now += ms;
  auth.pass(ms);
}

function createApp({ client = {}, ...signIn }: SignInOptions & { client?: JsonObject } = {}): BackendApp {
  const { clientId, clientSecret, discoveryEndpoint } = provider;
  const oauthClients = [{ name: 'fake', clientId, clientSecret, discoveryEndpoint, ...client }];
  return auth.backend.createApp({ schema: userSchema, signIn: { oauthClients, ...signIn } });
}

const startPath = (app: BackendApp, params: Record<string, string> = {}): string =>
  `/runtime/oauth/start?${new URLSearchParams({ app_id: app.id, client_name: 'fake', redirect_uri: HOME, ...params })}`;

/** What a browser does until the provider sends it back. */
async function leave(path: string): Promise<{ callback: string; fields: URLSearchParams; cookie: string }> {
  const { status, headers } = await auth.get(path);
  expect(status).toBe(302);
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  const { redirectUri, fields } = await provider.authorize(headers.get('location') ?? '');
  return { callback: new URL(redirectUri).pathname, fields, cookie };
}

/** What a browser does when the provider has it post a form. */
async function comeBack(callback: string, fields: URLSearchParams, cookie: string): Promise<Response> {
  return fetch(auth.backend.url + callback, {
    method: 'POST',
    body: fields,
    redirect: 'manual',
    headers: cookie === '' ? {} : { cookie },
  });
}

/** Goes to the provider and back, and gives the address in the app that it ends at. */
async function roundTrip(path: string): Promise<URL> {
  const { callback, fields, cookie } = await leave(path);
  const response = await comeBack(callback, fields, `other=1; __session=theirs; ${cookie}`);
  expect(response.status, await response.clone().text()).toBe(302);
  return new URL(response.headers.get('location') ?? '');
}

const exchange = (app: BackendApp, code: string | null, fields: JsonObject = {}, headers = {}) =>
  auth.post('/runtime/oauth/token', { app_id: app.id, code, ...fields }, headers);

describe('a sign-in at a provider', () => {
  test('goes there and back, and ends with a code that a client exchanges for its user', async () => {
    const app = createApp();
    const db = openClient(auth, app);
    const url = db.auth.createAuthorizationURL({ clientName: 'fake', redirectURL: `${HOME}?tab=2#top` });
    const arrived = await roundTrip(url.slice(auth.backend.url.length));
    expect(arrived.href.split('?')[0]).toBe(HOME);
    expect(arrived.hash).toBe('#top');
    expect(Object.fromEntries(arrived.searchParams)).toEqual({
      tab: '2',
      code: expect.stringMatching(/^[0-9a-f-]{36}$/),
      _instant_oauth_redirect: 'true',
    });
    const code = arrived.searchParams.get('code') ?? '';
    const { user, created } = await db.auth.exchangeOAuthCode({ code });
    expect(created).toBe(true);
    expect(user).toMatchObject({
      email: 'ada@example.com',
      type: 'user',
      imageURL: ADA.picture,
      refresh_token: expect.any(String),
    });
    expect(await db.getAuth()).toEqual(user);
    await db.ready();
    expect(Object.fromEntries(provider.lastTokenRequest ?? [])).toMatchObject({
      grant_type: 'authorization_code',
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      redirect_uri: `${auth.backend.url}/runtime/oauth/callback`,
    });
    expect(await exchange(app, code), 'a code is good once').toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'app-oauth-code' } },
    });
  });

  test('tells the provider what it needs, and the browser to keep a cookie', async () => {
    const app = createApp();
    const { headers } = await auth.get(startPath(app, { hd: 'example.com' }));
    const location = new URL(headers.get('location') ?? '');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      scope: 'email openid',
      response_type: 'code',
      response_mode: 'form_post',
      client_id: provider.clientId,
      redirect_uri: `${auth.backend.url}/runtime/oauth/callback`,
      state: expect.stringMatching(new RegExp(`^${app.id}[0-9a-f-]{36}$`)),
      hd: 'example.com',
    });
    const expires = new Date(Date.parse('2026-01-02T04:04:05Z') + now - START).toUTCString();
    expect(headers.get('set-cookie')).toMatch(
      new RegExp(`^__session=instantdb_[0-9a-f-]{36}; Path=/runtime/oauth; HttpOnly; Expires=${expires}$`),
    );
  });

  test('keeps neither state, cookie, code nor the client’s secret in clear', async () => {
    const app = createApp();
    const { fields, cookie, callback } = await leave(startPath(app));
    const [state = '', secret = ''] = [fields.get('state')?.slice(36), cookie.split('instantdb_')[1]];
    const stored = () => JSON.stringify(app.snapshot().triples);
    expect(stored()).not.toMatch(new RegExp(`${state}|${secret}|${provider.clientSecret}`));
    const response = await comeBack(callback, fields, cookie);
    const code = new URL(response.headers.get('location') ?? '').searchParams.get('code') ?? '';
    expect(code).toHaveLength(36);
    expect(stored()).toContain('ada@example.com');
    expect(stored()).not.toContain(code);
  });

  test('gives the app its own state back', async () => {
    const arrived = await roundTrip(startPath(createApp(), { state: 'a b&c' }));
    expect(arrived.searchParams.get('state')).toBe('a b&c');
  });

  test('takes the app from the path, and client_id for the name, as libraries for OAuth send them', async () => {
    const app = createApp();
    const { body } = await auth.get(`/runtime/${app.id}/.well-known/openid-configuration`);
    expect(body).toEqual({
      authorization_endpoint: `${auth.backend.url}/runtime/${app.id}/oauth/start`,
      token_endpoint: `${auth.backend.url}/runtime/${app.id}/oauth/token`,
    });
    const query = new URLSearchParams({ client_id: 'fake', redirect_uri: HOME });
    const arrived = await roundTrip(`/runtime/${app.id}/oauth/start?${query}`);
    const response = await fetch(String(body.token_endpoint), {
      method: 'POST',
      body: new URLSearchParams({ code: arrived.searchParams.get('code') ?? '' }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ created: true, refresh_token: expect.any(String) });
  });

  test('ends on a page with a link when the app is on a device', async () => {
    const app = createApp({ redirectOrigins: ['myapp://'] });
    const { callback, fields, cookie } = await leave(startPath(app, { redirect_uri: 'myapp://done/"><b>' }));
    const response = await comeBack(callback, fields, cookie);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    const page = await response.text();
    expect(page).toContain('Logged in as ada@example.com');
    expect(page).toMatch(/<a href="myapp:\/\/done\/[^"]*code=[0-9a-f-]{36}/);
    expect(page).not.toContain('<b>');
  });

  test('asks the provider how it is reached once, not for each sign-in', async () => {
    const app = createApp();
    const before = provider.discoveries;
    await roundTrip(startPath(app));
    await roundTrip(startPath(app));
    expect(provider.discoveries - before).toBe(1);
  });
});

describe('who is signed in', () => {
  const signIn = async (app: BackendApp, fields: JsonObject = {}) => {
    const arrived = await roundTrip(startPath(app));
    return exchange(app, arrived.searchParams.get('code'), fields);
  };

  test('is the same user each time, also with another email', async () => {
    const app = createApp();
    const first = await signIn(app);
    provider.nextUser = { ...ADA, email: 'ada@new.example', picture: 'https://x.co/new.png' };
    const second = await signIn(app);
    const { id } = first.body.user as { id: string };
    expect(second.body).toMatchObject({
      created: false,
      user: { id, email: 'ada@new.example', imageURL: 'https://x.co/new.png' },
    });
  });

  test('is the user who has the email', async () => {
    const app = createApp();
    const known = await auth.signIn(app, 'ada@example.com');
    const answer = await signIn(app);
    expect(answer.body).toMatchObject({ created: false, user: { id: (known.body.user as JsonObject).id } });
  });

  test('is the one with the email, where two qualify', async () => {
    const app = createApp();
    await signIn(app);
    const other = await auth.signIn(app, 'other@example.com');
    const { id } = other.body.user as { id: string };
    provider.nextUser = { ...ADA, email: 'other@example.com' };
    expect((await signIn(app)).body).toMatchObject({ created: false, user: { id } });
    provider.nextUser = { ...ADA, email: 'third@example.com' };
    expect((await signIn(app)).body).toMatchObject({ created: false, user: { id } });
  });

  test('is what a guest becomes', async () => {
    const app = createApp();
    const { body } = await auth.post('/runtime/auth/sign_in_guest', { 'app-id': app.id });
    const guest = body.user as { id: string; refresh_token: string };
    const answer = await signIn(app, { refresh_token: guest.refresh_token });
    expect(answer.body).toMatchObject({ created: true, user: { id: guest.id, isGuest: false } });
  });

  test('is nobody whose email was not verified', async () => {
    provider.nextUser = { ...ADA, email_verified: false };
    const arrived = await roundTrip(startPath(createApp()));
    expect(Object.fromEntries(arrived.searchParams)).toEqual({
      error: 'Missing user info',
      _instant_oauth_redirect: 'true',
    });
  });
});

describe('a sign-in is refused', () => {
  const oauthError = (error: string) => ({ status: 400, body: { type: 'oauth-error', error } });
  const answerOf = async (response: Response) => ({ status: response.status, body: await response.json() });

  test.each<[string, string]>([
    ['of another website', 'https://evil.example/'],
    ['that only begins alike', 'http://localhost.evil.example/'],
    ['with a user in it', 'http://localhost@evil.example/'],
    ['of a script', 'javascript:alert(1)'],
    ['that is none', 'nowhere'],
  ])('with a redirect_uri %s', async (_case, address) => {
    expect(await auth.get(startPath(createApp(), { redirect_uri: address }))).toMatchObject({
      status: 400,
      body: { type: 'validation-failed', hint: { 'data-type': 'redirect-uri' } },
    });
  });

  test('unless its redirect_uri is on the list', async () => {
    const app = createApp({ redirectOrigins: ['https://app.example:8443'] });
    expect((await auth.get(startPath(app, { redirect_uri: 'https://app.example:8443/x' }))).status).toBe(302);
    expect((await auth.get(startPath(app, { redirect_uri: 'https://app.example/x' }))).status).toBe(400);
  });

  test.each<[string, string, string]>([
    ['app_id', 'param-missing', 'app_id='],
    ['client_name', 'param-missing', ''],
    ['redirect_uri', 'param-missing', 'client_name=fake'],
  ])('without %s', async (name, type, query) => {
    const app = createApp();
    const path = `/runtime/oauth/start?${name === 'app_id' ? '' : `app_id=${app.id}&`}${query}`;
    const expected =
      name === 'app_id' ? { hint: { in: ['params', 'app_id'] } } : { type, hint: { in: ['params', name] } };
    expect(await auth.get(path)).toMatchObject({ status: 400, body: expected });
  });

  test('with a client that is not there', async () => {
    expect(await auth.get(startPath(createApp(), { client_name: 'nope' }))).toMatchObject({
      status: 400,
      body: { type: 'record-not-found', hint: { 'record-type': 'app-oauth-client' } },
    });
  });

  test('with a provider that cannot be reached', async () => {
    const app = createApp({ client: { discoveryEndpoint: `${provider.issuer}/nowhere` } });
    expect(await auth.get(startPath(app))).toMatchObject(oauthError('Unable to fetch OAuth configuration.'));
  });

  test('without the cookie of the browser that left, and can then not come back at all', async () => {
    const { callback, fields, cookie } = await leave(startPath(createApp()));
    expect(await answerOf(await comeBack(callback, fields, ''))).toMatchObject(oauthError('Missing cookie.'));
    const other = `__session=instantdb_${crypto.randomUUID()}`;
    expect(await answerOf(await comeBack(callback, fields, other))).toMatchObject(
      oauthError('Mismatch in OAuth request cookie.'),
    );
    expect(await answerOf(await comeBack(callback, fields, cookie))).toMatchObject(
      oauthError('Could not find OAuth request.'),
    );
  });

  test.each<[string, string]>([
    ['', 'Missing state param in OAuth redirect.'],
    ['x', 'Invalid state param in OAuth redirect.'],
    ['x'.repeat(72), 'Invalid state param in OAuth redirect.'],
    [crypto.randomUUID() + crypto.randomUUID(), 'Could not find OAuth request.'],
  ])('with state %j', async (state, error) => {
    const { callback, cookie } = await leave(startPath(createApp()));
    const fields = new URLSearchParams({ code: 'x', state });
    expect(await answerOf(await comeBack(callback, fields, cookie))).toMatchObject(oauthError(error));
  });

  test('with the state of another app', async () => {
    const { callback, fields, cookie } = await leave(startPath(createApp()));
    fields.set('state', createApp().id + String(fields.get('state')).slice(36));
    expect(await answerOf(await comeBack(callback, fields, cookie))).toMatchObject(
      oauthError('Could not find OAuth request.'),
    );
  });

  test('when it took more than ten minutes', async () => {
    const { callback, fields, cookie } = await leave(startPath(createApp()));
    pass(10 * MINUTE_MS + 1);
    expect(await answerOf(await comeBack(callback, fields, cookie))).toMatchObject(
      oauthError('The request is expired.'),
    );
  });

  test('when it is long forgotten, of which nothing is kept', async () => {
    const app = createApp();
    const empty = app.snapshot().triples.length;
    await auth.get(startPath(app));
    const one = app.snapshot().triples.length;
    expect(one).toBeGreaterThan(empty);
    await auth.get(startPath(app));
    pass(21 * MINUTE_MS);
    await auth.get(startPath(app));
    expect(app.snapshot().triples.length).toBe(one);
  });

  test('when the provider refuses it', async () => {
    const { callback, cookie } = await leave(startPath(createApp()));
    const fields = new URLSearchParams({ error: 'access_denied' });
    expect(await answerOf(await comeBack(callback, fields, cookie))).toMatchObject(
      oauthError('access_denied'),
    );
  });

  test('when the provider does not know the code, which the app is told', async () => {
    const { callback, fields, cookie } = await leave(startPath(createApp()));
    fields.set('code', 'made up');
    const response = await comeBack(callback, fields, cookie);
    const arrived = new URL(response.headers.get('location') ?? '');
    expect(arrived.searchParams.get('error')).toBe('The code is not good.');
  });

  test('when the id token is for somebody else’s client', async () => {
    provider.nextUser = { ...ADA, aud: 'another' };
    const arrived = await roundTrip(startPath(createApp()));
    expect(arrived.searchParams.get('error')).toContain(
      'The id_token was generated for the wrong OAuth client.',
    );
  });

  test('when its code is exchanged after five minutes, in another app, or from another website', async () => {
    const app = createApp();
    const code = (await roundTrip(startPath(app))).searchParams.get('code');
    const notFound = { status: 400, body: { type: 'record-not-found' } };
    expect(await exchange(createApp(), code)).toMatchObject(notFound);
    expect(await exchange(app, code, {}, { origin: 'https://evil.example' })).toMatchObject({
      status: 400,
      body: { type: 'validation-failed', message: 'Validation failed for origin: Unauthorized origin.' },
    });
    pass(5 * MINUTE_MS + 1);
    expect(await exchange(app, code)).toMatchObject({ status: 400, body: { type: 'record-expired' } });
  });

  test.each<[string, JsonObject]>([
    ['no code', {}],
    ['a code that is none', { code: 'x' }],
  ])('with %s', async (_case, fields) => {
    const answer = await auth.post('/runtime/oauth/token', { app_id: createApp().id, ...fields });
    expect(answer).toMatchObject({ status: 400, body: { hint: { in: ['body', 'code'] } } });
  });
});

describe('PKCE', () => {
  const verifier = 'correct-horse-battery-staple-correct-horse';
  const S256 = createHash('sha256').update(verifier).digest('base64url');

  const tryWith = async (challenge: Record<string, string>, fields: JsonObject) => {
    const app = createApp();
    const arrived = await roundTrip(startPath(app, challenge));
    return exchange(app, arrived.searchParams.get('code'), fields);
  };

  test.each<[string, Record<string, string>]>([
    ['S256', { code_challenge: S256, code_challenge_method: 'S256' }],
    ['S256 with padding', { code_challenge: `${S256}=`, code_challenge_method: 'S256' }],
    ['plain', { code_challenge: verifier, code_challenge_method: 'plain' }],
  ])('%s lets in who knows the verifier', async (_case, challenge) => {
    expect((await tryWith(challenge, { code_verifier: verifier })).status).toBe(200);
  });

  test.each<[string, Record<string, string>, JsonObject]>([
    [
      'The code_challenge and code_verifier do not match.',
      { code_challenge: S256, code_challenge_method: 'S256' },
      { code_verifier: `${verifier}x` },
    ],
    [
      'The code_challenge and code_verifier do not match.',
      { code_challenge: verifier, code_challenge_method: 'S256' },
      { code_verifier: verifier },
    ],
    [
      'The code_challenge was provided, but no code_verifier was provided.',
      { code_challenge: S256, code_challenge_method: 'S256' },
      {},
    ],
    ['The code_verifier was provided, but no code_challenge was provided.', {}, { code_verifier: verifier }],
    ['Unknown code challenge method.', { code_challenge: verifier }, { code_verifier: verifier }],
  ])('refuses: %s', async (message, challenge, fields) => {
    expect(await tryWith(challenge, fields)).toMatchObject({
      status: 400,
      body: {
        type: 'validation-failed',
        message: expect.stringContaining(message),
        hint: { 'data-type': 'app-oauth-code' },
      },
    });
  });
});
