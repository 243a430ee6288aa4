import { afterEach, expect, test } from 'vitest';
import { coreTells } from '../../likeness/core-tells.ts';
import { expectedHere } from '../../likeness/expected.ts';
import { type Driven, scripts } from '../../likeness/script.ts';
import { thisClient } from '../../likeness/this-client.ts';
import type {} from './likeness.page.ts';
import { testPages } from './test-pages.ts';

const pages = testPages('likeness.page.ts');

afterEach(() => expect(pages.failures()).toEqual([]));

/** Core, in Chromium. */
async function core(): Promise<Driven> {
  const page = await pages.open({});
  await page.waitForFunction(() => window.subject);
  return {
    open: (place) => page.evaluate((given) => window.subject.open(given), place),
    join: (name) => page.evaluate((given) => window.subject.join(given), name),
    leave: () => page.evaluate(() => window.subject.leave()),
    show: (name) => page.evaluate((given) => window.subject.show(given), name),
    say: (hand) => page.evaluate((given) => window.subject.say(given), hand),
    write: (title) => page.evaluate((given) => window.subject.write(given), title),
    told: () => page.evaluate(() => window.subject.told()),
    setOnline: (isOnline) => page.context().setOffline(!isOnline),
  };
}

test.each(Object.keys(scripts) as (keyof typeof scripts)[])(
  'through the script "%s" this client tells what core tells in a browser, but for known differences',
  async (script) => {
    const cores = await scripts[script](await core());
    expect(await scripts[script](thisClient())).toEqual(expectedHere(script, cores));
    // What the other runtimes are compared with, where there is no browser.
    expect(cores).toEqual(coreTells[script]);
  },
);
