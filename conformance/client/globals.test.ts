import { expect, test } from 'vitest';
import { globalsChangedByRuntime } from '../known-differences.ts';
import type { Changes } from '../programs/globals.ts';
import { buildProgram } from '../support/child.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { runtime } from '../support/runtime.ts';

// In a process of its own, which has loaded nothing before.
test('no global is added, changed or removed by import, use and close(), and by init() none but the register', async () => {
  const { address } = await fakeInstant();
  const program = await buildProgram('globals');
  const child = program.start(address);
  expect(await child.ended).toMatchObject({ code: 0 });
  program.remove();
  expect(JSON.parse(child.lines.all.at(-1) ?? '')).toEqual({
    byImport: globalsChangedByRuntime[runtime],
    // Where copies of this package find what others have open.
    byInit: ['Symbol(@instantdb/node databases)'],
    afterClose: [],
  } satisfies Changes);
});
