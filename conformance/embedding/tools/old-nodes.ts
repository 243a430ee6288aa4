import type { App } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, runOn } from '../tool.ts';

/** Before `require` took ES modules: 20.19 and 22.12 do. */
const OLD_NODES = ['node20.0', 'node20.18', 'node22.11'];

async function written(app: App, name: string, format: 'esm' | 'cjs'): Promise<string[]> {
  await app.write(name, entry({ format, startsBackend: true }));
  return [name];
}

export const oldNodeCases: Case[] = [
  {
    title: 'require',
    beside: ['ioredis'],
    reports: { backend: ['Mine'] },
    run: async (app) => runOn(OLD_NODES, app, await written(app, 'main.cjs', 'cjs')),
  },
  {
    title: 'import',
    beside: ['ioredis'],
    reports: { backend: ['Mine'] },
    run: async (app) => runOn(OLD_NODES, app, await written(app, 'main.mjs', 'esm')),
  },
];
