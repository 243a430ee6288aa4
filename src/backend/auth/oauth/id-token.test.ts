import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/json.ts';
import {
  type AuthBackend,
  openClient,
  START,
  startAuthBackend,
  userSchema,
} from '../../testing/auth-backend.ts';
import { type FakeClaims, type FakeProvider, startFakeProvider } from '../../testing/fake-provider.ts';

const ADA = { sub: 'ada-1', email: 'ada@example.com', email_verified: true };

let auth: AuthBackend;
let provider: FakeProvider;
beforeAll(async () => {
  auth = await startAuthBackend();
  provider = await startFakeProvider(() => START);
});
afterAll(async () => {
  await auth.backend.close();
  await provider.close();
});

function createApp(client: JsonObject = {}) {
  const { clientId, discoveryEndpoint } = provider;
  const oauthClients = [{ name: 'fake', clientId, discoveryEndpoint, ...client }];
  return auth.backend.createApp({ schema: userSchema, signIn: { oauthClients } });
}

const signIn = (app: { id: string }, idToken: string, fields: JsonObject = {}) =>
  auth.post('/runtime/oauth/id_token', {
    app_id: app.id,
    client_name: 'fake',
    id_token: idToken,
    ...fields,
  });

describe('an id token', () => {
  test('signs a client in, and once more as the same user', async () => {
    const app = createApp();
    const db = openClient(auth, app);
    const idToken = await provider.sign({ ...ADA, nonce: 'once' });
    const { user, created } = await db.auth.signInWithIdToken({ clientName: 'fake', idToken, nonce: 'once' });
    expect(created).toBe(true);
    expect(user).toMatchObject({ email: 'ada@example.com', type: 'user' });
    await db.ready();
    const again = await db.auth.signInWithIdToken({ clientName: 'fake', idToken, nonce: 'once' });
    expect(again).toMatchObject({ created: false, user: { refresh_token: user.refresh_token } });
  });

  test('makes a user of a guest', async () => {
    const db = openClient(auth, createApp());
    const { user: guest } = await db.auth.signInAsGuest();
    const idToken = await provider.sign(ADA);
    const { user, created } = await db.auth.signInWithIdToken({ clientName: 'fake', idToken });
    expect(created).toBe(true);
    expect(user).toMatchObject({ id: guest.id, type: 'user', refresh_token: guest.refresh_token });
  });

  test('of somebody else gives somebody else’s token', async () => {
    const app = createApp();
    const first = await signIn(app, await provider.sign(ADA));
    const { refresh_token } = first.body.user as { refresh_token: string };
    const idToken = await provider.sign({ ...ADA, sub: 'bob-1', email: 'bob@example.com' });
    const second = await signIn(app, idToken, { refresh_token });
    expect(second).toMatchObject({
      status: 200,
      body: { created: true, user: { email: 'bob@example.com' } },
    });
    expect((second.body.user as JsonObject).refresh_token).not.toBe(refresh_token);
  });

  test('with an email that was not verified signs in somebody without one', async () => {
    const idToken = await provider.sign({ ...ADA, email_verified: false });
    const strict = await signIn(createApp(), idToken);
    expect(strict).toMatchObject({ status: 200, body: { created: true } });
    expect(strict.body.user).not.toHaveProperty('email');
    const lenient = await signIn(createApp({ meta: { allowUnverifiedEmail: true } }), idToken);
    expect(lenient.body.user).toMatchObject({ email: 'ada@example.com' });
    const withSecret = { meta: { allowUnverifiedEmail: true }, clientSecret: 'hush' };
    expect((await signIn(createApp(withSecret), idToken)).body.user).not.toHaveProperty('email');
  });

  test('made for anybody is taken by a client without an id alone', async () => {
    const idToken = await provider.sign({ ...ADA, aud: 'another' });
    const oauthClients = [{ name: 'fake', discoveryEndpoint: provider.discoveryEndpoint }];
    const app = auth.backend.createApp({ signIn: { oauthClients } });
    expect((await signIn(app, idToken)).status).toBe(200);
    expect((await signIn(createApp(), idToken)).status).toBe(400);
  });

  const hour = 3_600;
  const seconds = Math.floor(START / 1_000);
  test.each<[string, FakeClaims, JsonObject]>([
    ['The id_token was generated for the wrong OAuth client.', { aud: 'another' }, {}],
    [`wasn't issued by`, { iss: 'https://evil.example' }, {}],
    ['The id_token is expired.', { exp: seconds - 1 }, {}],
    ['exp', { exp: undefined }, {}],
    ['nbf', { nbf: seconds + hour }, {}],
    ['The id_token had no subject.', { sub: undefined }, {}],
    ['The nonces do not match.', { nonce: 'mine' }, { nonce: 'yours' }],
    ['The id_token is missing a nonce.', {}, { nonce: 'yours' }],
    ['The nonce parameter was not provided in the request.', { nonce: 'mine' }, {}],
  ])('is refused: %s', async (message, claims, fields) => {
    const idToken = await provider.sign({ ...ADA, ...claims });
    const { status, body } = await signIn(createApp(), idToken, fields);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { type: 'validation-failed', message: expect.stringContaining(message) },
    });
    expect(JSON.stringify(body), 'the token is not repeated').not.toContain(idToken);
  });

  test('may carry the SHA-256 of the nonce', async () => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('once')));
    const nonce = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const idToken = await provider.sign({ ...ADA, nonce });
    expect((await signIn(createApp(), idToken, { nonce: 'once' })).status).toBe(200);
  });

  test('signed by another key, or by none, is refused', async () => {
    const claims = { ...ADA, iss: provider.issuer, aud: provider.clientId, exp: seconds + hour };
    const { privateKey } = await generateKeyPair('RS256');
    const forged = [
      await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign(privateKey),
      await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'unknown' }).sign(privateKey),
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
      `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${btoa(JSON.stringify(claims)).replace(/=+$/, '')}.`,
      'no token',
      'a.b.c',
    ];
    const app = createApp();
    for (const idToken of forged) {
      expect(await signIn(app, idToken), idToken).toMatchObject({
        status: 400,
        body: { type: 'validation-failed', hint: { 'data-type': 'id_token' } },
      });
    }
  });

  test('is refused with a refresh token of nobody, and from another website', async () => {
    const app = createApp();
    const idToken = await provider.sign(ADA);
    expect(await signIn(app, idToken, { refresh_token: crypto.randomUUID() })).toMatchObject({
      status: 400,
      body: { hint: { 'record-type': 'app-user' } },
    });
    const elsewhere = await auth.post(
      '/runtime/oauth/id_token',
      { app_id: app.id, client_name: 'fake', id_token: idToken },
      { origin: 'https://evil.example' },
    );
    expect(elsewhere).toMatchObject({ status: 400, body: { hint: { 'data-type': 'origin' } } });
  });

  test.each([['id_token'], ['app_id'], ['client_name']])('is asked for with %s', async (name) => {
    const body: Record<string, string> = { app_id: createApp().id, client_name: 'fake', id_token: 'x' };
    delete body[name];
    expect(await auth.post('/runtime/oauth/id_token', body)).toMatchObject({
      status: 400,
      body: { type: 'param-missing', hint: { in: ['body', name] } },
    });
  });
});
