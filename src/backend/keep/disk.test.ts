import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { provideBetterSqlite3 } from '../../../conformance/support/better-sqlite3.ts';
import { openSqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { BackendApp } from '../backend-app.ts';
import { type Backend, startBackend } from '../index.ts';
import { RawSession } from '../testing/raw-session.ts';
import { createTodoApp, todoSchema } from '../testing/todos.ts';
import { openDataFolder } from './data-folder.ts';

provideBetterSqlite3();

let folder: string;
const running: Backend[] = [];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'instant-disk-')), 'data');
});
afterEach(async () => {
  for (const backend of running.splice(0)) await backend.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

async function start(): Promise<Backend> {
  const backend = await startBackend({ data: folder });
  running.push(backend);
  return backend;
}

async function restart(): Promise<Backend> {
  await running.pop()?.close();
  return start();
}

function appOf(backend: Backend, id: string): BackendApp {
  const app = backend.app(id);
  if (!app) throw new Error(`App ${id} is gone`);
  return app;
}

async function asAdmin<T>(
  backend: Backend,
  app: BackendApp,
  use: (session: RawSession) => Promise<T>,
): Promise<T> {
  const session = await RawSession.init(backend, app, { '__admin-token': app.adminToken });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

const uuid = (): string => crypto.randomUUID();
const database = (): string => join(folder, 'instant.sqlite');

describe('startBackend({ data })', () => {
  test('brings back apps with all they hold', async () => {
    const first = await start();
    const todos = createTodoApp(first);
    const long = 'x'.repeat(5_000);
    const steps = [
      ...(todos.put('todos', uuid(), { text: long, position: 1 }) as []),
      ...(todos.put('todos', uuid(), { text: 'é 😀 "', position: null }) as []),
      ...(todos.put('todos', uuid(), { text: 'gone', position: 0.1 + 0.2 }) as []),
    ];
    await asAdmin(first, todos.app, async (session) => {
      expect(await session.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
      const deletion = [['delete-attr', todos.attr('people', 'name')]];
      expect(await session.ask({ op: 'transact', 'tx-steps': deletion })).toMatchObject({
        op: 'transact-ok',
      });
    });
    todos.app.setStatus('read-only');
    const { id, title, adminToken } = todos.app;
    const before = todos.app.snapshot();
    expect(before.attrs.some((attr) => 'deletion-marked-at' in attr)).toBe(true);

    const again = appOf(await restart(), id);
    expect(again).toMatchObject({ id, title, adminToken, status: 'read-only' });
    expect(again.snapshot()).toEqual(before);
  });

  test('goes on counting transactions, and answers one it has applied as it did then', async () => {
    const first = await start();
    const todos = createTodoApp(first);
    const other = first.createApp();
    const event = {
      op: 'transact',
      'tx-steps': todos.put('todos', uuid(), { text: 'once' }),
      'client-event-id': uuid(),
    };
    const answer = await asAdmin(first, todos.app, (session) => session.ask(event));
    await asAdmin(first, other, (session) => session.ask({ op: 'transact', 'tx-steps': [] }));
    const before = todos.app.snapshot();

    const second = await restart();
    const app = appOf(second, todos.app.id);
    await asAdmin(second, app, async (session) => {
      const { 'processed-tx-id': seen } = await session.ask({ op: 'add-query', q: { todos: {} } });
      expect(seen).toBe(answer['tx-id']);
      expect(await session.ask(event)).toEqual(answer);
      const next = await session.ask({ op: 'transact', 'tx-steps': [] });
      expect(next['tx-id']).toBeGreaterThan(Number(answer['tx-id']) + 1);
    });
    expect(app.snapshot()).toEqual(before);
  });

  test('forgets apps that were deleted', async () => {
    const first = await start();
    const app = first.createApp({ schema: todoSchema });
    const response = await fetch(`${first.url}/dash/apps/${app.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${first.personalAccessToken}` },
    });
    expect(response.status).toBe(200);
    expect((await restart()).apps()).toEqual([]);
  });

  test('makes what it makes readable by its owner alone', async () => {
    (await start()).createApp();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ['instant.sqlite', 'instant.sqlite-wal', 'lock', 'owner']) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  test('lets one at a time use a folder', async () => {
    const first = await start();
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(() => openDataFolder(folder)).toThrow(
        expect.objectContaining({
          code: 'storage',
          message: expect.stringContaining('another backend of this process uses it'),
        }),
      );
    }
    await first.close();
    openDataFolder(folder).release();
    await start();
  });

  test('gives the backend of this process that has the folder, until it is closed', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect(second).toBe(first);
    expect(await startBackend({ data: `${folder}/../data`, port: first.port })).toBe(first);
    await second.close();
    expect(await start()).not.toBe(first);
  });

  test('goes by the functions of the last call, and refuses another value of what is fixed', async () => {
    const told: string[] = [];
    const options = { data: folder, log: () => {}, onRequest: () => {}, maxNewcomers: 7 };
    const first = await startBackend(options);
    running.push(first);
    const now = (): number => 1_700_000_000_000;
    const log = (): void => {};
    const onRequest = ({ what }: { what: string }): void => {
      told.push(what);
    };
    expect(await startBackend({ ...options, log, now, onRequest })).toBe(first);
    await (await fetch(`${first.url}/nowhere`)).text();
    expect(told).toEqual(['GET /nowhere']);
    for (const [name, value] of [
      ['maxNewcomers', 8],
      ['port', 1],
      ['personalAccessToken', 'a-secret-of-the-test'],
    ]) {
      const refused = await startBackend({ data: folder, [name as string]: value }).catch((error) => error);
      expect(refused).toMatchObject({
        code: 'invalid-config',
        message: expect.stringContaining(`"${name}"`),
      });
      expect(refused.message).not.toContain('a-secret-of-the-test');
    }
    const { personalAccessToken } = first;
    expect(await startBackend({ data: folder, personalAccessToken, maxNewcomers: 7 })).toBe(first);
  });

  test('is refused with both versions and files where another version has the folder in this process', async () => {
    const key = Symbol.for('@instantdb/node backends');
    const other = { version: '0.0.9', file: '/other/copy.js', options: { data: folder } };
    Object.defineProperty(globalThis, key, { value: [null, 7, other], configurable: true });
    try {
      const refused = await startBackend({ data: folder }).catch((error) => error);
      expect(refused).toMatchObject({ code: 'storage-locked' });
      expect(refused.message).toMatch(
        /"\/.*data".* 0\.0\.9 at "\/other\/copy\.js" has it open in this process, and this is .*register/,
      );
    } finally {
      Reflect.deleteProperty(globalThis, key);
    }
  });

  test('lets go of the folder when it cannot listen', async () => {
    const first = await start();
    const elsewhere = `${folder}-2`;
    await expect(startBackend({ data: elsewhere, port: first.port })).rejects.toMatchObject({
      code: 'backend',
    });
    await (await startBackend({ data: elsewhere })).close();
  });

  test.each([
    ['an empty file', () => Buffer.alloc(0), 'no SQLite database'],
    ['a text', () => Buffer.from('hello'.repeat(100)), 'no SQLite database'],
    ['a file cut short', (file: Buffer) => file.subarray(0, file.length >> 1), 'damaged'],
    ['a damaged page', (file: Buffer) => Buffer.from(file).fill(0xa5, 4096, 4096 + 2048), 'damaged'],
    ['a later format', (file: Buffer) => withInt(file, 60, 99), 'format 99'],
    ["another program's database", (file: Buffer) => withInt(file, 68, 7), 'another program'],
  ])('refuses %s and leaves it as it was', async (_, damage, message) => {
    const first = await start();
    createTodoApp(first);
    await first.close();
    const damaged = damage(readFileSync(database()));
    writeFileSync(database(), damaged);
    await expect(startBackend({ data: folder })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(message),
    });
    expect(readFileSync(database()).equals(damaged)).toBe(true);
    // Nor does the refusal keep the folder.
    await expect(startBackend({ data: folder })).rejects.toThrow(message);
  });

  test('says so when the folder is a file', async () => {
    writeFileSync(folder, '');
    await expect(startBackend({ data: folder })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('it is no folder'),
    });
  });

  test('shares one sync among what arrives together, and answers in order', async () => {
    const backend = await start();
    const todos = createTodoApp(backend);
    const commits = countCommits();
    await asAdmin(backend, todos.app, async (session) => {
      const ids = Array.from({ length: 200 }, () =>
        session.send({ op: 'transact', 'tx-steps': todos.put('todos', uuid(), { text: 'x' }) }),
      );
      for (const id of ids) expect(await session.nextOf('transact-ok')).toHaveProperty('client-event-id', id);
    });
    expect(commits()).toBeLessThan(100);
  });

  test('stops, and acknowledges nothing more, when it cannot write', async () => {
    const logged: string[] = [];
    const backend = await startBackend({ data: folder, log: ({ message }) => logged.push(message) });
    running.push(backend);
    const todos = createTodoApp(backend);
    const session = await RawSession.init(backend, todos.app, { '__admin-token': todos.app.adminToken });
    const intruder = openSqliteDatabase(database());
    intruder.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
    session.send({ op: 'transact', 'tx-steps': todos.put('todos', uuid(), { text: 'lost' }) });
    expect(await session.closed).toMatchObject({ code: 1001 });
    intruder.close();
    expect(session.pending).toEqual([]);
    expect(logged).toContain('Cannot keep the data of the apps');
    const again = appOf(await restart(), todos.app.id);
    expect(again.snapshot().triples).toEqual([]);
  });
});

function withInt(file: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32BE(value, at);
  return copy;
}

/** How many commits the database has seen since the call: each appends to the log at least one page. */
function countCommits(): () => number {
  const size = (): number => statSync(`${database()}-wal`).size;
  const before = size();
  return () => Math.floor((size() - before) / 4096);
}
