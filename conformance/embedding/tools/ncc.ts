import { type App, toolPath } from '../app.ts';
import { type EntryOptions, entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

async function build(app: App, format: EntryOptions['format'], folder: string): Promise<string[]> {
  const extension = format === 'esm' ? 'mjs' : 'cjs';
  await app.write(`main.${extension}`, entry({ format }));
  const ncc = toolPath('@vercel/ncc/dist/ncc/cli.js');
  await app.run('node20', [ncc, 'build', `main.${extension}`, '-o', folder, '--no-cache']);
  return [`${folder}/index.${extension}`];
}

export const nccCases: Case[] = [
  {
    title: 'ES modules, alone in a folder',
    run: async (app) => runOn(NODES, app, await build(app, 'esm', await app.elsewhere())),
  },
  {
    title: 'CommonJS, with ioredis installed beside it',
    beside: ['ioredis'],
    run: async (app) => runOn(NODES, app, await build(app, 'cjs', `${app.folder}/out`)),
  },
];
