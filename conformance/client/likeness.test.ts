import { expect, test } from 'vitest';
import { coreTells } from '../likeness/core-tells.ts';
import { expectedHere } from '../likeness/expected.ts';
import { scripts } from '../likeness/script.ts';
import { thisClient } from '../likeness/this-client.ts';
import { hasSqlite } from '../support/sqlite.ts';

// The suite `pages` compares with core itself, in Chromium, and holds what is compared with here to it.
test.runIf(hasSqlite).each(Object.keys(scripts) as (keyof typeof scripts)[])(
  'through the script "%s" this client tells what core told in a browser, but for known differences',
  async (script) => {
    expect(await scripts[script](thisClient())).toEqual(expectedHere(script, coreTells[script]));
  },
);
