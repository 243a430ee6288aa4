import type { App } from '../app.ts';
import { loading } from '../entry.ts';
import { type Case, runOn } from '../tool.ts';

const POOLS = ['threads', 'forks', 'vmThreads', 'vmForks'] as const;

/** Loads the package again as a test does that resets the modules. */
async function testFile(app: App, pool: string, inline: boolean): Promise<string[]> {
  await app.write(
    'app.test.mjs',
    `
    import { test, vi } from 'vitest';
    ${loading({ format: 'esm', startsBackend: true })}
    test('the program', async () => {
      vi.resetModules();
      const again = await import('@instantdb/node');
      await program({ ...loaded, again });
    });`,
  );
  await app.write(
    'vitest.config.mjs',
    `export default { test: { pool: '${pool}', testTimeout: 120_000, server: { deps: { inline: [${inline ? '/@instantdb/' : ''}] } } } };`,
  );
  return ['node_modules/vitest/vitest.mjs', 'run'];
}

const inPool = (pool: string, inline: boolean): Case => ({
  title: `pool ${pool}${inline ? ', the package transformed too' : ''}`,
  beside: ['vitest'],
  reports: { again: 'the same database', backend: ['Mine'] },
  run: async (app) => runOn(['node20'], app, await testFile(app, pool, inline)),
});

export const vitestCases: Case[] = [...POOLS.map((pool) => inPool(pool, false)), inPool('forks', true)];
