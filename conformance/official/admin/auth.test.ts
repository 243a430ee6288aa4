import { expect, test } from 'vitest';
import { testApps } from './app.ts';

const { open, uncalled } = testApps();

test('generateMagicCode() and checkMagicCode() sign up once, with extra fields', async () => {
  const { db } = open();
  const email = 'ann@example.com';
  const first = await db.auth.generateMagicCode(email);
  expect(first.code).toMatch(/^\d{6}$/);
  const signUp = await db.auth.checkMagicCode(email, first.code, { extraFields: { nickname: 'Ann' } });
  expect(signUp).toMatchObject({ created: true, user: { email, refresh_token: expect.any(String) } });
  expect(await db.query({ $users: {} })).toMatchObject({ $users: [{ email, nickname: 'Ann' }] });

  const second = await db.auth.generateMagicCode(email);
  expect(await db.auth.checkMagicCode(email, second.code)).toMatchObject({
    created: false,
    user: { id: signUp.user.id },
  });
  await expect(db.auth.checkMagicCode(email, second.code)).rejects.toMatchObject({
    body: { type: 'record-not-found' },
  });
});

test('sendMagicCode() and verifyMagicCode() give the user', async () => {
  const { app, db } = open();
  const email = 'ann@example.com';
  const { code } = await db.auth.sendMagicCode(email);
  expect(app.magicCode(email)).toBe(code);
  expect(await db.auth.verifyMagicCode(email, code)).toMatchObject({ email });
});

test('createToken(), verifyToken() and getUser() agree on a user', async () => {
  const { db } = open();
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  const user = await db.auth.verifyToken(token);
  expect(user).toMatchObject({ email: 'ann@example.com', refresh_token: token });
  const again = await db.auth.createToken({ id: user.id });
  expect(await db.auth.verifyToken(again)).toMatchObject({ id: user.id });

  for (const who of [{ email: 'ann@example.com' }, { id: user.id }, { refresh_token: token }]) {
    expect(await db.auth.getUser(who)).toMatchObject({ id: user.id, email: 'ann@example.com' });
  }
  expect(await db.auth.getUser({ email: 'nobody@example.com' })).toBeNull();
});

test('signOut() ends the tokens of the user', async () => {
  const { db } = open();
  const [first, second] = [
    await db.auth.createToken({ email: 'ann@example.com' }),
    await db.auth.createToken({ email: 'ann@example.com' }),
  ];
  await db.auth.signOut({ refresh_token: first });
  await expect(db.auth.verifyToken(first)).rejects.toMatchObject({
    body: { type: 'record-not-found', hint: { 'record-type': 'app-user' } },
  });
  await db.auth.verifyToken(second);
  await db.auth.signOut({ email: 'ann@example.com' });
  await expect(db.auth.verifyToken(second)).rejects.toMatchObject({ status: 400 });
});

test('deleteUser() deletes and gives back the user', async () => {
  const { db } = open();
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  expect(await db.auth.deleteUser({ email: 'ann@example.com' })).toMatchObject({
    email: 'ann@example.com',
  });
  expect(await db.auth.deleteUser({ email: 'ann@example.com' })).toBeNull();
  await expect(db.auth.verifyToken(token)).rejects.toMatchObject({ status: 400 });
  expect(await db.query({ $users: {} })).toEqual({ $users: [] });
});

test('getUserFromRequest() knows who a cookie belongs to', async () => {
  const { app, db } = open();
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  const cookie = `instant_user_${app.id}=${encodeURIComponent(JSON.stringify({ refresh_token: token }))}`;
  const request = new Request('http://localhost/', { headers: { cookie } });
  expect(await db.auth.getUserFromRequest(request)).toMatchObject({ email: 'ann@example.com' });
  expect(await db.auth.getUserFromRequest(new Request('http://localhost/'))).toBeNull();
});

// Last: it looks at what the tests above have called.
test('every public method of db.auth was called', () => {
  expect(uncalled('auth')).toEqual([]);
});
