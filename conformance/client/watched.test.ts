import { appendFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { Input, Opened } from '../programs/watched.ts';
import { buildProgram } from '../support/child.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

/** How each runtime begins a program anew when its file changes, and whether it does so within one process. */
const WATCHED: Record<string, { flags: string[]; isOneProcess: boolean }> = {
  'node --watch': { flags: ['--watch', '--watch-preserve-output'], isOneProcess: false },
  'bun --watch': { flags: ['--watch', '--no-clear-screen'], isOneProcess: true },
  // With the same globals, and modules that are evaluated again.
  'bun --hot': { flags: ['--hot', '--no-clear-screen'], isOneProcess: true },
  'deno run --watch': {
    flags: ['run', '--watch', '--no-clear-screen', '--allow-all', '--no-lock'],
    isOneProcess: true,
  },
};

const ways = Object.entries(WATCHED).filter(([way]) => way.startsWith(runtime.replace(/\d+$/, '')));

test.each(ways)(
  'a program that is begun anew by %s has its storages, and the folder of its backend, again at once',
  async (_, way) => {
    const { flags, isOneProcess } = way;
    const program = await buildProgram('watched');
    const storages: Input['storages'] = hasSqlite ? ['filesystem', 'sqlite'] : ['filesystem'];
    const input: Input = { storages, backend: hasSqlite, folder: temporaryFolder() };
    const child = program.start(input, { flags });
    const pids = new Set<number>();
    onTestFinished(() => {
      child.kill();
      if (!isOneProcess) for (const pid of pids) endIfThere(pid);
      program.remove();
    });
    for (let turn = 1; turn <= 4; turn++) {
      // What is held is refused, as `whenStorageLocked` says by default, and not waited for.
      const line = await child.lines.next((each) => /^\{|Error/.test(each));
      expect(line).toMatch(/^\{/);
      const { pid, pending, apps, databases } = JSON.parse(line) as Opened;
      pids.add(pid);
      expect(pending).toEqual(Object.fromEntries(storages.map((storage) => [storage, turn])));
      expect(apps).toBe(hasSqlite ? turn : 0);
      expect(databases).toBe(storages.length);
      appendFileSync(program.file, `\n// ${turn}`);
    }
    expect(pids.size).toBe(isOneProcess ? 1 : 4);
  },
);

// Node's own watcher is another process than what it starts, and is not there any more to end it.
function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
