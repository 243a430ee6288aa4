import type { BackendApp } from '@instantdb/node/backend';
import type { Page } from 'playwright';
import { afterEach, expect, test } from 'vitest';
import { rules, schema } from './schema.ts';
import { type OpenOptions, testPages } from './test-pages.ts';

const pages = testPages('react.page.tsx');

afterEach(() => expect(pages.failures()).toEqual([]));

function createApp(): BackendApp {
  return pages.backend().createApp({ schema, rules });
}

function open(app: BackendApp, options?: OpenOptions): Promise<Page> {
  const { url: apiURI, websocketURI } = pages.backend();
  return pages.open({ appId: app.id, apiURI, websocketURI }, options);
}

/** Waits until an element shows a text, whole. */
async function shows(page: Page, label: string, text: string): Promise<void> {
  await page
    .getByLabel(label, { exact: true })
    .and(page.getByText(text, { exact: true }))
    .waitFor();
}

async function enter(page: Page, label: string, text: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

async function signIn(page: Page, app: BackendApp, email: string): Promise<void> {
  await enter(page, 'email', email);
  await page.getByLabel('code').waitFor();
  await enter(page, 'code', app.magicCode(email) ?? '');
  await shows(page, 'user', email);
}

async function posts(page: Page, ...titles: string[]): Promise<void> {
  const items = page.getByLabel('posts').getByRole('listitem');
  await items.nth(titles.length - 1).waitFor();
  const texts = titles.map((title) => `${title}comment`);
  await expect.poll(() => items.allTextContents()).toEqual(texts);
}

test('useQuery() shows what others write, and what is written here at once', async () => {
  const app = createApp();
  const [ann, bob] = [await open(app), await open(app)];
  await signIn(ann, app, 'ann@example.com');
  await enter(ann, 'title', 'Bears');
  await posts(ann, 'Bears (0)');
  await posts(bob, 'Bears (0)');

  await bob.getByRole('button', { name: 'comment' }).click();
  await posts(ann, 'Bears (1)');
  await shows(bob, 'status', 'authenticated');
});

test('a refused write shows its reason, and leaves the page as it was', async () => {
  const app = createApp();
  const page = await open(app);
  await shows(page, 'status', 'authenticated');
  await enter(page, 'title', 'Bears');
  await shows(page, 'refused', 'Permission denied: not perms-pass?');
  expect(await page.getByLabel('posts').getByRole('listitem').count()).toBe(0);
});

test('SignedIn, SignedOut and useAuth() follow signing in, a reload and signing out', async () => {
  const app = createApp();
  const page = await open(app);
  await signIn(page, app, 'ann@example.com');
  await page.reload();
  await shows(page, 'user', 'ann@example.com');
  await page.getByRole('button', { name: 'sign out' }).click();
  await page.getByLabel('email').waitFor();
  expect(await page.getByLabel('user').count()).toBe(0);
});

test('useInfiniteQuery() loads page after page', async () => {
  const app = createApp();
  const page = await open(app);
  await signIn(page, app, 'ann@example.com');
  for (const title of ['A', 'B', 'C', 'D', 'E']) await enter(page, 'title', title);
  await shows(page, 'loaded', 'A,B');
  await page.getByRole('button', { name: 'more' }).click();
  await shows(page, 'loaded', 'A,B,C,D');
  await page.getByRole('button', { name: 'more' }).click();
  await shows(page, 'loaded', 'A,B,C,D,E');
  await page.getByRole('button', { name: 'more' }).and(page.locator(':disabled')).waitFor();
});

test('usePresence() and topics show who is here and what they do', async () => {
  const app = createApp();
  const [ann, bob] = [await open(app), await open(app)];
  await signIn(ann, app, 'ann@example.com');
  await signIn(bob, app, 'bob@example.com');
  await shows(ann, 'peers', 'bob@example.com');
  await shows(bob, 'peers', 'ann@example.com');

  await bob.getByRole('button', { name: 'shout' }).click();
  await shows(ann, 'peers', 'BOB@EXAMPLE.COM');
  await bob.getByRole('button', { name: 'wave' }).click();
  await shows(ann, 'waves', 'BOB@EXAMPLE.COM: left');
  await bob.context().close();
  await ann.getByLabel('peers').and(ann.locator(':empty')).waitFor({ state: 'attached' });
});

test('without WebSocket all goes by server-sent events', async () => {
  const app = createApp();
  const page = await open(app, { webSockets: false });
  await signIn(page, app, 'ann@example.com');
  await enter(page, 'title', 'Bears');
  await posts(page, 'Bears (0)');
  await shows(page, 'status', 'authenticated');
});
