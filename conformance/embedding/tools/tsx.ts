import { toolPath } from '../app.ts';
import { entry } from '../entry.ts';
import { type Case, NODES, runOn } from '../tool.ts';

const inFile = (file: string, what: string, program: string): Case => ({
  title: `TypeScript that it makes ${what} of`,
  beside: ['ioredis'],
  reports: { backend: ['Mine'] },
  async run(app) {
    const text = entry({ format: 'esm', startsBackend: true, givesRedis: true });
    await app.write(file, text.replace('./program.mjs', program));
    return runOn(NODES, app, [toolPath('tsx/dist/cli.mjs'), file]);
  },
});

/** By the name of the file, as the app's package.json says nothing. */
export const tsxCases: Case[] = [
  inFile('main.mts', 'ES modules', './program.mjs'),
  // On Node 20 it cannot require a file that is named as an ES module (seen in 4.23.15).
  inFile('main.cts', 'CommonJS', './program.cjs'),
];
