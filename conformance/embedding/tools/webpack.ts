import { type App, toolPath } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

const asModule = { experiments: { outputModule: true }, output: { module: true, chunkFormat: 'module' } };

/** Webpack by its own defaults for a server; fails when it warns, but of what ioredis brings: `debug` tries for a colour. */
async function build(app: App, format: 'esm' | 'cjs', folder: string, givesRedis = false): Promise<string[]> {
  const filename = format === 'esm' ? 'out.mjs' : 'out.cjs';
  const { experiments, output } = format === 'esm' ? asModule : { experiments: {}, output: {} };
  const config = {
    mode: 'production',
    target: 'node20',
    context: app.folder,
    entry: './main.mjs',
    experiments,
    output: { path: folder, filename, ...output },
  };
  await app.write('main.mjs', entry({ format: 'esm', givesRedis }));
  await app.write(
    'build.cjs',
    `
    require('${toolPath('webpack/lib/index.js')}')(${JSON.stringify(config)}, (error, stats) => {
      if (error) throw error;
      const { errors, warnings } = stats.toJson();
      const said = [...errors, ...warnings]
        .map(({ message, moduleName }) => moduleName + ': ' + message)
        .filter((text) => !text.includes("Can't resolve 'supports-color'"));
      if (said.length > 0) throw new Error(said.join('\\n'));
    });`,
  );
  await app.run('node20', ['build.cjs']);
  return [`${folder}/${filename}`];
}

export const webpackCases: Case[] = [
  {
    title: 'output of ES modules, alone in a folder',
    run: async (app) => runOn(NODES, app, await build(app, 'esm', await app.elsewhere())),
  },
  {
    title: 'output of CommonJS with the ioredis of the program in it, alone in a folder',
    beside: ['ioredis'],
    run: async (app) => runOn(NODES, app, await build(app, 'cjs', await app.elsewhere(), true)),
  },
];
