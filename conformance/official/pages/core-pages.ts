import type { BackendApp } from '@instantdb/node/backend';
import type { Page } from 'playwright';
import type {} from './core.page.ts';
import { rules, schema } from './schema.ts';
import { type OpenOptions, type TestPages, testPages } from './test-pages.ts';

/** What the tests of core work with. */
export interface CorePages extends TestPages {
  createApp(): BackendApp;
  /** The page of an app in a browser that has never been here. */
  openApp(app: BackendApp, options?: OpenOptions): Promise<Page>;
}

/** Serves the page that holds core, for the tests of a file. */
export function corePages(): CorePages {
  const pages = testPages('core.page.ts');
  return {
    ...pages,
    createApp: () => pages.backend().createApp({ schema, rules }),
    async openApp(app, options) {
      const { url: apiURI, websocketURI } = pages.backend();
      const page = await pages.open({ appId: app.id, apiURI, websocketURI }, options);
      await page.waitForFunction(() => window.core);
      return page;
    },
  };
}

/** Signs up or in with the code that is sent to an email. */
export async function signIn(page: Page, app: BackendApp, email: string): Promise<void> {
  await page.evaluate((to) => window.core.db.auth.sendMagicCode({ email: to }), email);
  const code = app.magicCode(email);
  await page.evaluate((proof) => window.core.db.auth.signInWithMagicCode(proof), { email, code: code ?? '' });
  await isConnected(page);
}

/** Waits until the server has answered in the session that the page has now. */
export async function isConnected(page: Page): Promise<void> {
  await page.evaluate(() => window.core.db.queryOnce({ posts: {} }));
}

/** Writes a post, as whoever is signed in. */
export function addPost(page: Page, slug: string): Promise<unknown> {
  return page.evaluate((name) => {
    const { db, id } = window.core;
    return db.transact(db.tx.posts[id()].create({ title: `On ${name}`, slug: name }));
  }, slug);
}
