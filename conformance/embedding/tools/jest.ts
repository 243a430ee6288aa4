import type { App } from '../app.ts';
import { toolPath } from '../app.ts';
import { loading } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

/** Jest with nothing configured: it takes CommonJS, in a context of its own. */
async function testFile(app: App): Promise<string[]> {
  await app.write(
    'app.test.js',
    `
    ${loading({ format: 'cjs', startsBackend: true })}
    test('the program', async () => {
      jest.resetModules();
      const again = require('@instantdb/node');
      expect(again).not.toBe(sdk);
      await program({ ...loaded, again });
    }, 120_000);`,
  );
  return [toolPath('jest/bin/jest.js'), '--ci', '--cacheDirectory', `${app.folder}/cache`];
}

export const jestCases: Case[] = [
  {
    title: 'default mode, modules reset',
    beside: ['ioredis'],
    reports: { again: 'the same database', backend: ['Mine'] },
    run: async (app) => runOn(NODES, app, await testFile(app)),
  },
];
