import { type Backend, startBackend } from '@instantdb/node/backend';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { chromiumArguments, locateChromium } from '../../../runtimes/official/chromium.mjs';
import { type Site, serveSite } from './site.ts';

/** How a browser differs from others. */
export interface OpenOptions {
  /** Whether WebSockets get through. Default true. */
  webSockets?: boolean;
}

/** What the tests of a page work with. */
export interface TestPages {
  backend(): Backend;
  /** The page in a browser that has never been here: its own storage, its own user. */
  open(parameters: Record<string, string>, options?: OpenOptions): Promise<Page>;
  /** What went wrong in the pages that are open, beyond what the test itself saw. */
  failures(): string[];
}

/** For what hangs: a browser shares a busy machine with all of the other suites. */
const timeout = 120_000;

/** Serves the page of a program of this folder, with a backend and Chromium, for the tests of a file. */
export function testPages(program: string): TestPages {
  let backend: Backend;
  let browser: Browser;
  let site: Site;
  let contexts: BrowserContext[] = [];
  let failures: string[] = [];

  beforeAll(async () => {
    [backend, browser, site] = await Promise.all([
      startBackend(),
      chromium.launch({ executablePath: locateChromium(), args: [...chromiumArguments], timeout }),
      serveSite(program),
    ]);
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    failures = [];
  });
  afterAll(async () => {
    await browser.close();
    await site[Symbol.asyncDispose]();
    await backend.close();
  });

  const open: TestPages['open'] = async (parameters, { webSockets = true } = {}) => {
    const context = await browser.newContext();
    contexts.push(context);
    if (!webSockets) await context.routeWebSocket(/./, (socket) => socket.close());
    context.setDefaultTimeout(timeout);
    const page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(`${site.url}?${new URLSearchParams(parameters)}`);
    return page;
  };
  return { backend: () => backend, open, failures: () => failures };
}
