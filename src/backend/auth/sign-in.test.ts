import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthBackend, openClient, startAuthBackend, userSchema } from '../testing/auth-backend.ts';
import { RawSession } from '../testing/raw-session.ts';

let auth: AuthBackend;
beforeAll(async () => {
  auth = await startAuthBackend();
});
afterAll(() => auth.backend.close());

const createApp = () => auth.backend.createApp({ schema: userSchema });
const NOT_A_USER = { status: 400, body: { type: 'record-not-found', message: 'Record not found: app-user' } };

describe('a client', () => {
  test('signs in with a magic code and is let into the session; its token is gone after it signs out', async () => {
    const app = createApp();
    const db = openClient(auth, app);
    expect(await db.auth.sendMagicCode({ email: ' Ada@Example.com ' })).toEqual({ sent: true });
    const code = app.magicCode('ada@example.com') ?? '';
    expect(code).toMatch(/^\d{6}$/);
    const { user, created } = await db.auth.signInWithMagicCode({ email: 'ada@example.com', code });
    expect(created).toBe(true);
    expect(user).toEqual({
      id: expect.any(String),
      app_id: app.id,
      email: 'ada@example.com',
      type: 'user',
      isGuest: false,
      created_at: '2026-01-02T03:04:05Z',
      refresh_token: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(await db.getAuth()).toEqual(user);
    await db.ready();
    expect(app.magicCode('ada@example.com'), 'a used code is not shown any more').toBeUndefined();

    const verify = () =>
      auth.post('/runtime/auth/verify_refresh_token', {
        'app-id': app.id,
        'refresh-token': user.refresh_token,
      });
    expect(await verify()).toMatchObject({ status: 200, body: { user } });
    await db.auth.signOut();
    expect(await db.getAuth()).toBeNull();
    await expect.poll(verify).toMatchObject(NOT_A_USER);
  });

  test('signs in a second time as the same user, with another token', async () => {
    const app = createApp();
    const first = (await auth.signIn(app, 'ada@example.com')).body;
    const db = openClient(auth, app);
    const code = await auth.sendCode(app, 'ada@example.com');
    const second = await db.auth.signInWithMagicCode({ email: 'ada@example.com', code });
    expect(first).toMatchObject({ created: true, user: { id: second.user.id } });
    expect(second.created).toBe(false);
    expect(second.user.refresh_token).not.toBe((first.user as { refresh_token: string }).refresh_token);
  });

  test('signs in with a token', async () => {
    const app = createApp();
    const { user } = (await auth.signIn(app, 'ada@example.com')).body as { user: { refresh_token: string } };
    const db = openClient(auth, app);
    expect(await db.auth.signInWithToken(user.refresh_token)).toEqual({ user });
    expect(await db.getAuth()).toEqual(user);
    await db.ready();
  });

  test('is told that a token is nobody’s', async () => {
    const db = openClient(auth, createApp());
    await expect(db.auth.signInWithToken(crypto.randomUUID())).rejects.toMatchObject({
      body: { type: 'record-not-found', hint: { 'record-type': 'app-user' } },
    });
  });

  test('becomes a visitor when it comes back with a token that was removed', async () => {
    const app = createApp();
    const { user } = (await auth.signIn(app, 'ada@example.com')).body as { user: { refresh_token: string } };
    const db = openClient(auth, app);
    await db.auth.signInWithToken(user.refresh_token);
    await db.ready();
    await auth.post('/runtime/signout', { app_id: app.id, refresh_token: user.refresh_token });
    const signedOut = new Promise<void>((resolve) => {
      db.subscribeAuth((state) => {
        if (!state.user) resolve();
      });
    });
    // The connection is lost; the client comes back with the token it has.
    db._reactor._transport.close();
    await signedOut;
    expect(await db.getAuth()).toBeFalsy();
  });
});

describe('a guest', () => {
  test('signs in without an email', async () => {
    const app = createApp();
    const db = openClient(auth, app);
    const { user } = await db.auth.signInAsGuest();
    expect(user).toMatchObject({ type: 'guest', isGuest: true, refresh_token: expect.any(String) });
    expect(user).not.toHaveProperty('email');
    await db.ready();
  });

  test('who gives an email that is new becomes that user, and keeps the id', async () => {
    const app = createApp();
    const db = openClient(auth, app);
    const { user: guest } = await db.auth.signInAsGuest();
    const code = await auth.sendCode(app, 'ada@example.com');
    const { user, created } = await db.auth.signInWithMagicCode({ email: 'ada@example.com', code });
    expect(created).toBe(true);
    expect(user).toMatchObject({ id: guest.id, type: 'user', isGuest: false, email: 'ada@example.com' });
  });

  test('who gives the email of a user is linked to that user, who is signed in', async () => {
    const app = createApp();
    const { user: known } = (await auth.signIn(app, 'ada@example.com')).body as { user: { id: string } };
    const db = openClient(auth, app);
    const { user: guest } = await db.auth.signInAsGuest();
    const code = await auth.sendCode(app, 'ada@example.com');
    const { user, created } = await db.auth.signInWithMagicCode({ email: 'ada@example.com', code });
    expect(created).toBe(false);
    expect(user.id).toBe(known.id);
    const told = await auth.post('/runtime/auth/verify_refresh_token', {
      'app-id': app.id,
      'refresh-token': guest.refresh_token,
    });
    expect(told.body.user).toMatchObject({ id: guest.id, isGuest: true, linkedPrimaryUser: known.id });
  });

  test('is refused with a token that is nobody’s, and the code stays good', async () => {
    const app = createApp();
    const code = await auth.sendCode(app, 'ada@example.com');
    const body = { 'app-id': app.id, email: 'ada@example.com', code };
    const path = '/runtime/auth/verify_magic_code';
    expect(await auth.post(path, { ...body, 'refresh-token': crypto.randomUUID() })).toMatchObject(
      NOT_A_USER,
    );
    expect(await auth.post(path, body)).toMatchObject({ status: 200 });
  });

  test('is not what a user is who gives another email: nobody is linked', async () => {
    const app = createApp();
    const { user } = (await auth.signIn(app, 'ada@example.com')).body as {
      user: { id: string; refresh_token: string };
    };
    const other = await auth.signIn(app, 'bob@example.com', { 'refresh-token': user.refresh_token });
    expect(other.body).toMatchObject({ created: true, user: { email: 'bob@example.com' } });
    expect((other.body.user as { id: string }).id).not.toBe(user.id);
  });
});

describe('a session', () => {
  test('is opened for the user of a token, and stays so after the user has signed out', async () => {
    const app = createApp();
    const { user } = (await auth.signIn(app, 'ada@example.com')).body as {
      user: { id: string; refresh_token: string };
    };
    const session = await RawSession.open(auth.backend.websocketURI);
    const init = { op: 'init', 'app-id': app.id, 'refresh-token': user.refresh_token };
    expect(await session.ask(init)).toMatchObject({
      op: 'init-ok',
      auth: { user: { id: user.id, email: 'ada@example.com' }, 'admin?': false },
    });
    await auth.post('/runtime/signout', { app_id: app.id, refresh_token: user.refresh_token });
    expect(await session.ask({ op: 'add-query', q: { notes: {} } })).toMatchObject({ op: 'add-query-ok' });

    const next = await RawSession.open(auth.backend.websocketURI);
    expect(await next.ask(init)).toMatchObject({
      op: 'error',
      status: 400,
      type: 'record-not-found',
      message: 'Record not found: app-user',
      hint: { 'record-type': 'app-user' },
    });
    await session.close();
    await next.close();
  });

  test.each<[string, unknown]>([
    ['a token of nobody', crypto.randomUUID()],
    ['a token that is none', 'x'],
    ['a token of another type', { $ne: 1 }],
  ])('is not opened with %s', async (_case, token) => {
    const session = await RawSession.open(auth.backend.websocketURI);
    const init = { op: 'init', 'app-id': createApp().id, 'refresh-token': token as string };
    expect(await session.ask(init)).toMatchObject({ op: 'error', hint: { 'record-type': 'app-user' } });
    await session.close();
  });

  test('is not opened with a token of another app', async () => {
    const { user } = (await auth.signIn(createApp(), 'ada@example.com')).body as {
      user: { refresh_token: string };
    };
    const session = await RawSession.open(auth.backend.websocketURI);
    const init = { op: 'init', 'app-id': createApp().id, 'refresh-token': user.refresh_token };
    expect(await session.ask(init)).toMatchObject({ op: 'error', hint: { 'record-type': 'app-user' } });
    await session.close();
  });
});
