import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Input } from '../programs/permitted.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite } from '../support/sqlite.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
// That of Node 20 is an addon, which --allow-addons alone lets a program load: it may do anything then.
const sqlite = hasSqlite && runtime !== 'node20';

/** What a runtime is told where a program may do no more than it needs; Bun 1.4 has nothing of the kind. */
const LEAST: Record<string, ((folder: string) => string[]) | undefined> = {
  node20: (folder) => ['--experimental-permission', ...filesOf(folder)],
  node22: (folder) => ['--experimental-permission', ...filesOf(folder)],
  node24: (folder) => ['--permission', ...filesOf(folder)],
  // https://nodejs.org/docs/latest-v26.x/api/cli.html#--allow-net
  node26: (folder) => ['--permission', '--allow-net', ...filesOf(folder)],
  deno: (folder) => [
    'run',
    '--no-lock',
    '--no-prompt',
    '--allow-net=127.0.0.1',
    '--allow-env',
    `--allow-read=${root},${folder}`,
    `--allow-write=${folder}`,
  ],
};

const filesOf = (folder: string): string[] => [
  `--allow-fs-read=${root}*`,
  `--allow-fs-read=${folder}/*`,
  `--allow-fs-write=${folder}/*`,
];

const flagsFor = LEAST[runtime];

test('what this runtime can be told to let a program do is known', () => {
  expect(runtime === 'bun' || runtime in LEAST).toBe(true);
});

describe.runIf(flagsFor)('a program that may use its folder, and no other', () => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('permitted');
  });
  afterAll(() => program.remove());

  function start(folder: string, allowed: string): Child {
    const storages: Input['storages'] = sqlite ? ['filesystem', 'sqlite'] : ['filesystem'];
    const input: Input = { storages, backend: sqlite, folder };
    return program.start(input, { flags: flagsFor?.(allowed) ?? [] });
  }

  const freshFolder = (): string => {
    const folder = realpathSync(mkdtempSync(`${tmpdir()}/instant-node-permission-`));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };

  test('has storages and a backend that keep what they promise, and is told what is weaker', async () => {
    const folder = freshFolder();
    const child = start(folder, folder);
    const { code, errors } = await child.ended;
    const said = child.lines.all.filter((line) => !line.includes(' told '));
    expect([code, said], errors).toEqual([
      0,
      [
        'filesystem enqueued 1',
        'filesystem enqueued 2',
        ...(sqlite
          ? ['sqlite enqueued 1', 'sqlite enqueued 2', 'backend 1 1 words', 'backend 2 2 words']
          : []),
      ],
    ]);
    const told = child.lines.all.filter((line) => / told (storage|Opened)/.test(line));
    // Once each time one is opened.
    const opened = sqlite ? ['filesystem', 'sqlite', 'backend'] : ['filesystem'];
    expect(told.map((line) => line.split(' ')[0])).toEqual(
      runtime === 'deno' ? [] : opened.flatMap((name) => [name, name]),
    );
    for (const line of told) expect(line).toMatch(/cannot be synced while Node runs with --permission/);
  });

  test.runIf(runtime.startsWith('node'))('is told which flags it lacks for another', async () => {
    const child = start(freshFolder(), freshFolder());
    const { code, errors } = await child.ended;
    expect(code).not.toBe(0);
    expect(errors).toContain("code: 'storage'");
    expect(errors).toContain('--allow-fs-write');
  });
});
