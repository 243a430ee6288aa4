import type { App } from '../app.ts';
import { toolPath } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

/** With the plugins that its users bundle servers with. */
async function bundle(app: App, format: 'es' | 'cjs', folder: string): Promise<string> {
  const outfile = `${folder}/out.${format === 'es' ? 'mjs' : 'cjs'}`;
  await app.write('main.mjs', entry({ format: 'esm' }));
  await app.write(
    'rollup.config.mjs',
    `
    import commonjs from '${toolPath('@rollup/plugin-commonjs/dist/es/index.js')}';
    import json from '${toolPath('@rollup/plugin-json/dist/es/index.js')}';
    import { nodeResolve } from '${toolPath('@rollup/plugin-node-resolve/dist/es/index.js')}';
    export default {
      input: 'main.mjs',
      output: { file: ${JSON.stringify(outfile)}, format: '${format}', inlineDynamicImports: true },
      plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs(), json()],
    };`,
  );
  await app.run('node20', [toolPath('rollup/dist/bin/rollup'), '-c']);
  return outfile;
}

export const rollupCases: Case[] = [
  {
    title: 'one file of ES modules, alone in a folder',
    run: async (app) => runOn(NODES, app, [await bundle(app, 'es', await app.elsewhere())]),
  },
  {
    title: 'one file of CommonJS, with ioredis installed beside it',
    beside: ['ioredis'],
    run: async (app) => runOn(NODES, app, [await bundle(app, 'cjs', app.folder)]),
  },
];
