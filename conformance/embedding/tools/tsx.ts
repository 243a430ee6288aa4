import { toolPath } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

/** By the name of the file, as the app's package.json says nothing. */
export const tsxCases: Case[] = [
  {
    title: 'TypeScript that it makes ES modules of',
    beside: ['ioredis'],
    reports: { backend: ['Mine'] },
    async run(app) {
      await app.write('main.mts', entry({ format: 'esm', startsBackend: true, givesRedis: true }));
      return runOn(NODES, app, [toolPath('tsx/dist/cli.mjs'), 'main.mts']);
    },
  },
  {
    // Without ioredis: on Node 20.20 tsx 4.23.15 makes an ES module of the JSON that it requires, and fails; likewise a
    // file that is named as an ES module cannot be required there.
    title: 'TypeScript that it makes CommonJS of',
    reports: { backend: ['Mine'] },
    async run(app) {
      const text = entry({ format: 'esm', startsBackend: true });
      await app.write('main.cts', text.replace('./program.mjs', './program.cjs'));
      return runOn(NODES, app, [toolPath('tsx/dist/cli.mjs'), 'main.cts']);
    },
  },
];
