import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { id, type NodeConfig } from '@instantdb/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
// By its path: drivers are no part of what the package exports.
import { openSqliteDatabase } from '../../src/drivers/storage/sqlite/sqlite-database.ts';
import { codeBlocks } from '../package/code-blocks.ts';
import type { KeeperInput } from '../programs/keeper.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { switchedNetwork } from '../support/network.ts';
import { open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { runtime } from '../support/runtime.ts';
import type { Schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

/** Copies of each storage, in the clear and sealed. */
const COPIES = Number(process.env.COPIES ?? (process.env.CI ? 50 : 10));
/** Copies that are opened at once. */
const AT_ONCE = 5;
/** For what hangs: a busy machine takes minutes for fifty servers. */
const timeout = 600_000;

type Config = Partial<NodeConfig<Schema>>;

/** One copy, and what has to be in it. */
interface Copy {
  path: string;
  /** Writes that were acknowledged before it was begun, and given up by nobody before it had ended. */
  kept: number[];
}

const docs = readFileSync(fileURLToPath(new URL('../../docs/storage.md', import.meta.url)), 'utf8');

/** The lines that `docs/storage.md` gives for a storage. */
function recipe(storage: string): string {
  const block = codeBlocks(docs).find(({ code }) => code.startsWith(`# storage '${storage}'`));
  if (!block) throw new Error(`docs/storage.md has no recipe for copies of storage "${storage}"`);
  return block.code;
}

/** Runs a recipe as it stands there. */
async function runRecipe(storage: string, places: Record<string, string>): Promise<void> {
  const shell = spawn('sh', ['-euc', recipe(storage)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...places },
  });
  let said = '';
  shell.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = await once(shell, 'close');
  expect(code, said).toBe(0);
}

/** Runs the statement of the recipe; the program `sqlite3` may not be installed. */
function vacuumInto(data: string, copy: string): void {
  const statement = /"(VACUUM INTO .*)"/.exec(recipe('sqlite'))?.[1] ?? '';
  // As the umask has it: SQLite fills a file that is there and empty.
  writeFileSync(copy, '', { mode: 0o600 });
  const database = openSqliteDatabase(data);
  database.exec(statement.replace('$copy', copy));
  database.close();
}

let program: Awaited<ReturnType<typeof buildProgram>>;
beforeAll(async () => {
  program = await buildProgram('keeper');
});
afterAll(() => program.remove());

const base = { appId: id(), apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9/runtime/session' };

/** What `keeper` has said so far. */
function said(keeper: Child): { kept: number[]; ending: Set<number> } {
  const lines = keeper.lines.all.map((line) => line.split(' '));
  const of = (what: string): number[] =>
    lines.filter(([first]) => first === what).map(([, value]) => Number(value));
  return { kept: of('kept'), ending: new Set(of('ending')) };
}

function stillKept({ kept, ending }: ReturnType<typeof said>): number[] {
  return kept.filter((n) => !ending.has(n));
}

/** Starts `keeper`, and waits until it writes and gives up. */
async function startKeeper(
  place: Config & { encryptionKey?: string },
): Promise<{ device: string; keeper: Child }> {
  const input: KeeperInput = { config: { ...base, ...place } as never };
  const keeper = program.start(input);
  const [, device = ''] = (await keeper.lines.first()).split(' ');
  await keeper.lines.first((line) => line.startsWith('ending '));
  return { device, keeper };
}

async function kill(keeper: Child): Promise<void> {
  keeper.kill();
  const { signal, errors } = await keeper.ended;
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
}

/** Copies a storage again and again while another process writes to it, then kills that. */
async function copyWhileWriting(
  place: Config & { encryptionKey?: string },
  copyTo: (index: number) => Promise<string> | string,
): Promise<{ device: string; copies: Copy[] }> {
  const { device, keeper } = await startKeeper(place);
  const copies: Copy[] = [];
  for (let index = 0; index < COPIES; index++) {
    const { kept } = said(keeper);
    const path = await copyTo(index);
    const ended = Date.now();
    // What was given up before the copy had ended was said before this.
    await keeper.lines.first((line) => Number(line.split(' ')[2]) > ended);
    copies.push({ path, kept: stillKept({ kept, ending: said(keeper).ending }) });
  }
  await kill(keeper);
  return { device, copies };
}

/** Opens a copy, and looks for what has to be in it. */
async function expectWhole(config: Config, { kept }: Copy, device: string): Promise<void> {
  const errors: Error[] = [];
  const db = open(base, { ...config, instanceKey: '', network: switchedNetwork(false) });
  db.subscribeErrors((error) => errors.push(error));
  expect(await db.getLocalId('device')).toBe(device);
  const numbers = db
    .pendingTransactions()
    .map(({ steps }) =>
      steps.filter(([op, , , n]) => op === 'add-triple' && typeof n === 'number').map(([, , , n]) => n),
    );
  for (const [n, again, ...more] of numbers) expect([again, ...more]).toEqual([n]);
  const there = numbers.map(([n]) => Number(n));
  expect(there).toEqual([...there].sort((a, b) => a - b));
  expect(kept.filter((n) => !there.includes(n))).toEqual([]);
  await db.close({ timeoutMs: 0 });
  expect(errors).toEqual([]);
}

const seals = [
  ['in the clear', {}, {}],
  ['sealed', ...sealed(randomBytes(32))],
] as const;

/** A key as a process is given it, and as `init` is. */
function sealed(key: Buffer): [{ encryptionKey: string }, { encryptionKey: Uint8Array }] {
  return [{ encryptionKey: key.toString('base64') }, { encryptionKey: key }];
}

/** Waits for some at a time: there are servers to be started. */
async function someAtOnce(copies: readonly Copy[], look: (copy: Copy) => Promise<void>): Promise<void> {
  for (let first = 0; first < copies.length; first += AT_ONCE) {
    await Promise.all(copies.slice(first, first + AT_ONCE).map(look));
  }
}

const name = `a copy that is taken while it is written to has all that was acknowledged before, %s`;

/** A copy after which nothing was kept would show nothing. */
function expectSome(copies: readonly Copy[]): void {
  expect(copies).toHaveLength(COPIES);
  expect(copies.every(({ kept }) => kept.length > 0)).toBe(true);
}

test.each(seals)(`storage "filesystem": ${name}`, { timeout }, async (_, given, seal) => {
  const folder = temporaryFolder();
  const data = `${folder}/data`;
  const place = { storage: 'filesystem', storagePath: data } as const;
  const { device, copies } = await copyWhileWriting({ ...place, ...given } as never, async (index) => {
    const copy = `${folder}/copy-${index}`;
    await runRecipe('filesystem', { data, copy });
    return copy;
  });
  expectSome(copies);
  await someAtOnce(copies, (copy) =>
    expectWhole({ ...place, ...seal, storagePath: copy.path }, copy, device),
  );
});

test('a copy that lacks the end of what was written does not pass', { timeout }, async () => {
  const folder = temporaryFolder();
  const data = `${folder}/data`;
  const place = { storage: 'filesystem', storagePath: data } as const;
  const { device, keeper } = await startKeeper(place);
  // Whatever was kept and not given up stays, however long the copy takes.
  await kill(keeper);
  const kept = stillKept(said(keeper));
  const [whole, cut] = [`${folder}/whole`, `${folder}/cut`];
  for (const copy of [whole, cut]) await runRecipe('filesystem', { data, copy });
  for (const name of readdirSync(cut, { recursive: true, encoding: 'utf8' })) {
    const path = `${cut}/${name}`;
    // The size of some forty writes.
    if (/log-v1-[\d-]+$/.test(name)) truncateSync(path, Math.max(0, statSync(path).size - 200_000));
  }
  const look = (path: string) => expectWhole({ ...place, storagePath: path }, { path, kept }, device);
  await look(whole);
  await expect(look(cut)).rejects.toThrow();
});

if (hasSqlite) {
  test.each(seals)(`storage "sqlite": ${name}`, { timeout }, async (_, given, seal) => {
    const folder = temporaryFolder();
    const data = `${folder}/data.db`;
    const place = { storage: 'sqlite', storagePath: data } as const;
    const { device, copies } = await copyWhileWriting({ ...place, ...given } as never, (index) => {
      const copy = `${folder}/copy-${index}.db`;
      vacuumInto(data, copy);
      return copy;
    });
    expectSome(copies);
    await someAtOnce(copies, (copy) =>
      expectWhole({ ...place, ...seal, storagePath: copy.path }, copy, device),
    );
  });
} else {
  test('storage "sqlite": better-sqlite3 is not installed here', () => expect(runtime).toBe('node20'));
}

describeWithRedis('storage "redis"', () => {
  test.each(seals)(name, { timeout }, async (_, given, seal) => {
    // By default a server waits five seconds for more who want a copy.
    const server = await startRedis({ 'repl-diskless-sync-delay': '0' });
    const folder = temporaryFolder();
    const { url } = server;
    const place = { storage: 'redis', redis: { url } } as const;
    const { device, copies } = await copyWhileWriting({ ...place, ...given } as never, async (index) => {
      const copy = `${folder}/copy-${index}.rdb`;
      await runRecipe('redis', { url, copy });
      return copy;
    });
    expectSome(copies);
    await someAtOnce(copies, async (copy) => {
      const restored = await startRedis({ dir: folder, dbfilename: basename(copy.path), appendonly: 'no' });
      await expectWhole({ storage: 'redis', redis: { url: restored.url }, ...seal }, copy, device);
      await restored.kill();
    });
  });
});
