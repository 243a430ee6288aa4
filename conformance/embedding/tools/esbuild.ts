import { build } from 'esbuild';
import type { App } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

/** One file; fails when it warns. */
async function bundle(
  app: App,
  format: 'esm' | 'cjs',
  folder: string,
  givesRedis = false,
): Promise<string[]> {
  await app.write('main.mjs', entry({ format: 'esm', givesRedis }));
  const outfile = `${folder}/${format === 'esm' ? 'out.mjs' : 'out.cjs'}`;
  const { warnings } = await build({
    absWorkingDir: app.folder,
    entryPoints: ['main.mjs'],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'silent',
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  return [outfile];
}

export const esbuildCases: Case[] = [
  ...(['esm', 'cjs'] as const).flatMap((format): Case[] => [
    {
      title: `one file, ${format}, alone in a folder`,
      run: async (app) => runOn(NODES, app, await bundle(app, format, await app.elsewhere())),
    },
    {
      title: `one file, ${format}, with ioredis installed beside it`,
      beside: ['ioredis'],
      run: async (app) => runOn(NODES, app, await bundle(app, format, app.folder)),
    },
  ]),
  {
    title: 'one file, cjs, with the ioredis of the program in it, alone in a folder',
    beside: ['ioredis'],
    run: async (app) => runOn(NODES, app, await bundle(app, 'cjs', await app.elsewhere(), true)),
  },
];
