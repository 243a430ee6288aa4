import type { App } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

async function build(
  app: App,
  outfile: string,
  flags: readonly string[],
  givesRedis = false,
): Promise<string> {
  await app.write('main.mjs', entry({ format: 'esm', givesRedis }));
  await app.run('bun', ['build', 'main.mjs', ...flags, `--outfile=${outfile}`]);
  return outfile;
}

/** Where there is no `node_modules`, Bun would install from the registry what is missing. */
const ALONE = '--no-install';

export const bunCases: Case[] = [
  {
    title: 'build for Bun, alone in a folder',
    async run(app) {
      const outfile = await build(app, `${await app.elsewhere()}/out.mjs`, ['--target=bun']);
      return runOn(['bun'], app, [ALONE, outfile]);
    },
  },
  {
    title: 'build for Node, alone in a folder',
    async run(app) {
      const outfile = await build(app, `${await app.elsewhere()}/out.mjs`, ['--target=node']);
      return runOn(NODES, app, [outfile]);
    },
  },
  {
    title: 'build for Bun, with ioredis installed beside it',
    beside: ['ioredis'],
    run: async (app) => runOn(['bun'], app, [await build(app, 'out.mjs', ['--target=bun'])]),
  },
  {
    title: 'build --compile, alone in a folder',
    async run(app) {
      const outfile = await build(app, `${await app.elsewhere()}/program`, ['--compile']);
      return [{ runtime: 'bun', report: await app.reportOf(outfile) }];
    },
  },
  {
    title: 'build --compile with the ioredis of the program in it, alone in a folder',
    beside: ['ioredis'],
    async run(app) {
      const outfile = await build(app, `${await app.elsewhere()}/program`, ['--compile'], true);
      return [{ runtime: 'bun', report: await app.reportOf(outfile) }];
    },
  },
];
