import type { App } from '../app.ts';
import { entry, loading } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

async function written(app: App, name: string, text: string): Promise<string[]> {
  await app.write(name, text);
  return [name];
}

const twice = (load: string): string =>
  `${loading({ format: 'esm' })}\n${load}\nprogram({ ...loaded, again });\n`;

/** It may read anything, and write below its own folder. */
const permissions = (app: App, ...more: string[]): string[] => [
  '--permission',
  '--allow-fs-read=*',
  `--allow-fs-write=${app.folder}/*`,
  ...more,
];

export const nodeCases: Case[] = [
  {
    title: 'import',
    beside: ['ioredis'],
    reports: { backend: ['Mine'] },
    run: async (app) =>
      runOn(
        [...NODES, 'node22', 'node26', 'bun', 'deno'],
        app,
        await written(app, 'main.mjs', entry({ format: 'esm', startsBackend: true })),
      ),
  },
  {
    title: 'import beside require',
    reports: { again: 'the same database' },
    run: async (app) =>
      runOn(
        [...NODES, 'bun', 'deno'],
        app,
        await written(
          app,
          'main.mjs',
          twice(
            `import { createRequire } from 'node:module';\nconst again = createRequire(import.meta.url)('@instantdb/node');`,
          ),
        ),
      ),
  },
  {
    title: '--permission',
    beside: ['ioredis'],
    async run(app) {
      const main = await written(app, 'main.mjs', entry({ format: 'esm' }));
      return [
        ...(await runOn(['node22', 'node24'], app, [...permissions(app), ...main])),
        // From 25 on it takes leave for the network too.
        ...(await runOn(['node26'], app, [...permissions(app, '--allow-net'), ...main])),
      ];
    },
  },
];
