import { expect, test } from 'vitest';
import { App } from './app.ts';
import type { World } from './world.ts';

/** How a runtime runs a program again when its file changes; `--hot` does so in the same global scope. */
const WATCHERS = [
  { title: 'node --watch', runtime: 'node24', flags: ['--watch', '--watch-preserve-output'], isHot: false },
  { title: 'bun --watch', runtime: 'bun', flags: ['--watch', '--no-clear-screen'], isHot: false },
  { title: 'bun --hot', runtime: 'bun', flags: ['--hot', '--no-clear-screen'], isHot: true },
  { title: 'deno run --watch', runtime: 'deno', flags: ['--watch', '--no-clear-screen'], isHot: false },
] as const;

/** Holds storages open, and says what a live query saw of its write. */
const watched = (turn: number): string => `
import { id, init } from '@instantdb/node';
const { appId, apiURI, folder } = JSON.parse(process.env.EMBEDDING);
const databases = [
  init({ appId, apiURI, storage: 'filesystem', storagePath: folder + '/files' }),
  init({ appId, apiURI, storage: 'sqlite', storagePath: folder + '/file.sqlite' }),
];
const isSame = databases.every((database, index) => database === globalThis.before?.[index]);
globalThis.before = databases;
for (const database of databases) {
  await database.ready();
  const note = id();
  const seen = new Promise((resolve) => {
    database.subscribeQuery({ notes: { $: { where: { id: note } } } }, ({ data }) => data?.notes[0] && resolve());
  });
  await database.transact(database.tx.notes[note].create({ title: 'Seen' }));
  await seen;
}
console.log('turn ${turn}:', isSame ? 'the same databases' : 'other databases');
`;

/** Tests of runtimes that run a program again, while what it held is still held. */
export function testWatchers(world: () => World): void {
  test.each(WATCHERS)('$title', async ({ runtime, flags, isHot }) => {
    const app = await App.create(world());
    await app.write('watched.mjs', watched(1));
    const { env } = await app.settings();
    await using running = app.start(runtime, [...flags, 'watched.mjs'], env);
    for (const turn of [1, 2, 3]) {
      if (turn > 1) await app.write('watched.mjs', watched(turn));
      // An error is not waited out: the watcher would go on.
      const [line] = await running.until(new RegExp(`turn ${turn}: .*|[eE]rror.*\\n[^]*?code: .*`));
      expect(line).toBe(`turn ${turn}: ${isHot && turn > 1 ? 'the same databases' : 'other databases'}`);
    }
    await app.remove();
  });
}
