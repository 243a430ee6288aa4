import { afterEach, expect, test } from 'vitest';
import { startFakeProvider } from '../../../src/backend/testing/fake-provider.ts';
import { addPost, corePages, isConnected, signIn } from './core-pages.ts';

const pages = corePages();
const { createApp, openApp } = pages;

afterEach(() => expect(pages.failures()).toEqual([]));

test('magic codes: signing up with extra fields, staying signed in over a reload, signing out', async () => {
  const app = createApp();
  const page = await openApp(app);
  await page.evaluate(() => window.core.db.auth.sendMagicCode({ email: 'ann@example.com' }));
  const wrong = page.evaluate(() =>
    window.core.db.auth.signInWithMagicCode({ email: 'ann@example.com', code: '000000x' }),
  );
  await expect(wrong).rejects.toThrow();
  const signedIn = await page.evaluate(
    (code) =>
      window.core.db.auth.signInWithMagicCode({
        email: 'ann@example.com',
        code,
        extraFields: { nickname: 'Ann' },
      }),
    app.magicCode('ann@example.com') ?? '',
  );
  expect(signedIn).toMatchObject({ created: true, user: { email: 'ann@example.com', isGuest: false } });
  // A user sees their own row, and no other.
  const { data } = await page.evaluate(() => window.core.db.queryOnce({ $users: {} }));
  expect(data).toMatchObject({ $users: [{ id: signedIn.user.id, nickname: 'Ann' }] });

  await page.reload();
  await page.waitForFunction(() => window.core);
  expect(await page.evaluate(() => window.core.db.getAuth())).toMatchObject({ id: signedIn.user.id });
  await addPost(page, 'bears');
  await page.evaluate(() => window.core.db.auth.signOut());
  await isConnected(page);
  await expect(addPost(page, 'cats')).rejects.toThrow(/Permission denied/);
});

test('a guest keeps id and data when they sign up', async () => {
  const app = createApp();
  const page = await openApp(app);
  const guest = await page.evaluate(() => window.core.db.auth.signInAsGuest());
  expect(guest.user).toMatchObject({ isGuest: true, type: 'guest' });
  await addPost(page, 'bears');
  await signIn(page, app, 'ann@example.com');
  expect(await page.evaluate(() => window.core.db.getAuth())).toMatchObject({
    id: guest.user.id,
    email: 'ann@example.com',
    isGuest: false,
  });
});

test('a token signs in, until it is signed out elsewhere', async () => {
  const app = createApp();
  const [page, other] = [await openApp(app), await openApp(app)];
  await signIn(page, app, 'ann@example.com');
  const token = await page.evaluate(async () => (await window.core.db.getAuth())?.refresh_token ?? '');
  const user = await other.evaluate((it) => window.core.db.auth.signInWithToken(it), token);
  expect(user.user).toMatchObject({ email: 'ann@example.com' });
  // Core's `signOut` does not wait for the server.
  const invalidated = page.waitForResponse((response) => response.url().endsWith('/runtime/signout'));
  await page.evaluate(() => window.core.db.auth.signOut());
  await invalidated;
  const again = other.evaluate((it) => window.core.db.auth.signInWithToken(it), token);
  await expect(again).rejects.toThrow(/Record not found: app-user/);
});

test('OAuth: the browser goes to the provider, comes back, and is signed in', async () => {
  const app = createApp();
  const provider = await startFakeProvider(Date.now);
  const page = await openApp(app);
  const dash = async (path: string, body: object) => {
    const response = await fetch(`${pages.backend().url}/dash/apps/${app.id}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${app.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  const created = await dash('oauth_service_providers', { provider_name: 'fake' });
  await dash('oauth_clients', {
    provider_id: created.provider.id,
    client_name: 'fake-web',
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    discovery_endpoint: provider.discoveryEndpoint,
  });
  await dash('authorized_redirect_origins', { service: 'generic', params: [new URL(page.url()).host] });

  provider.nextUser = { sub: 'ann', email: 'ann@example.com', email_verified: true };
  const there = page.waitForURL(`${provider.issuer}/authorize*`);
  await page.evaluate(() => {
    location.href = window.core.db.auth.createAuthorizationURL({
      clientName: 'fake-web',
      redirectURL: location.href,
    });
  });
  await there;
  // What the provider's page does once the person has said who they are.
  const { redirectUri, fields } = await provider.authorize(page.url());
  const back = page.waitForURL(/_instant_oauth_redirect/);
  await page.setContent(
    `<form method="post" action="${redirectUri}">${[...fields]
      .map(([name, value]) => `<input name="${name}" value="${value}">`)
      .join('')}<button>Go on</button></form>`,
  );
  await page.getByRole('button').click();
  await back;
  await page.waitForFunction(async () => window.core && (await window.core.db.getAuth()));
  expect(await page.evaluate(() => window.core.db.getAuth())).toMatchObject({ email: 'ann@example.com' });
  await isConnected(page);
  await addPost(page, 'bears');
  await provider.close();
});
