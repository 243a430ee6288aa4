import type { App } from '../app.ts';
import { toolPath } from '../app.ts';
import { entry, loading } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

const vite = (): string => toolPath('vite/bin/vite.js');

/** `vite build --ssr`, which leaves packages where they are unless it is told to take them in. */
async function build(app: App, folder: string, noExternal: boolean): Promise<string> {
  await app.write('main.mjs', entry({ format: 'esm' }));
  await app.write(
    'vite.config.mjs',
    `export default { ssr: { noExternal: ${noExternal || '[]'} }, logLevel: 'warn' };`,
  );
  await app.run('node20', [vite(), 'build', '--ssr', 'main.mjs', '--outDir', folder, '--emptyOutDir=false']);
  return `${folder}/main.mjs`;
}

/** As a development server runs an app. */
async function serve(app: App): Promise<string> {
  await app.write('main.mjs', `${loading({ format: 'esm' })}\nexport const done = program(loaded);`);
  await app.write(
    'serve.mjs',
    `
    import { createServer } from '${toolPath('vite/dist/node/index.js')}';
    const server = await createServer({ server: { middlewareMode: true, ws: false }, appType: 'custom', logLevel: 'warn' });
    const { done } = await server.ssrLoadModule('/main.mjs');
    await done;
    await server.close();`,
  );
  return 'serve.mjs';
}

export const viteCases: Case[] = [
  {
    title: 'build --ssr',
    beside: ['ioredis'],
    run: async (app) => runOn(NODES, app, [await build(app, `${app.folder}/out`, false)]),
  },
  {
    title: 'build --ssr with all packages in it, alone in a folder',
    run: async (app) => runOn(NODES, app, [await build(app, await app.elsewhere(), true)]),
  },
  { title: 'the development server', run: async (app) => runOn(NODES, app, [await serve(app)]) },
];
