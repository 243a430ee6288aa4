import { type App, toolPath } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

/**
 * Installs the archive as pnpm does, where a package finds what its manifest names and nothing else. What it depends on
 * comes from the registry, or from pnpm's store when it was there before.
 */
async function install(app: App): Promise<string> {
  const folder = await app.elsewhere();
  const dependencies = {
    '@instantdb/node': `file:${app.world.archive}`,
    ioredis: await app.versionOf('ioredis'),
  };
  await app.write(`${folder}/package.json`, JSON.stringify({ name: 'app', private: true, dependencies }));
  const flags = [
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-frozen-lockfile',
    '--reporter=append-only',
  ];
  await app.run('node20', [toolPath('pnpm/bin/pnpm.cjs'), ...flags], { cwd: folder });
  return folder;
}

export const pnpmCases: Case[] = (['esm', 'cjs'] as const).map((format) => ({
  title: `its own layout, ${format}`,
  beside: ['ioredis'],
  async run(app) {
    const folder = await install(app);
    const main = `${folder}/main.${format === 'esm' ? 'mjs' : 'cjs'}`;
    await app.write(main, entry({ format }));
    return runOn(NODES, app, [main]);
  },
}));
