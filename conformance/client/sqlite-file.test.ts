import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
// By its path: drivers are no part of what the package exports.
import { openSqliteStorage } from '../../src/drivers/storage/sqlite.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import type { StorageDriver } from '../support/storage-contract.ts';

const load = createRequire(import.meta.url);

function openAt(path: string): StorageDriver {
  const driver = openSqliteStorage(path);
  onTestFinished(() => driver.dispose());
  return driver;
}

/** Changes a file by SQL, as another program would. */
function execute(path: string, sql: string): void {
  const Database = runtime === 'node20' ? load('better-sqlite3') : load('node:sqlite').DatabaseSync;
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe.runIf(hasSqlite)('storage "sqlite"', () => {
  test('makes the file and its log for the owner alone, in a folder for the owner alone', async () => {
    const folder = `${temporaryFolder()}/made/here`;
    const path = `${folder}/data.db`;
    await openAt(path).setItems([['a', 1]]);
    expect(modeOf(folder)).toBe('700');
    const modes = readdirSync(folder).map((name) => [name, modeOf(`${folder}/${name}`)]);
    expect(Object.fromEntries(modes)).toEqual({
      'data.db': '600',
      'data.db-shm': '600',
      'data.db-wal': '600',
    });
  });

  test('has what it took in the file again when it is opened anew', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const first = openAt(path);
    await first.setItems([['a', { list: [1] }]]);
    await first.dispose();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await openAt(path).getItem('a')).toEqual({ list: [1] });
  });

  test('has on disk what a promise said was stored: a copy of the files holds it', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    await driver.setItems([['a', 1]]);
    mkdirSync(`${folder}/copy`);
    for (const name of ['data.db', 'data.db-wal'])
      copyFileSync(`${folder}/${name}`, `${folder}/copy/${name}`);
    expect(await openAt(`${folder}/copy/data.db`).getItem('a')).toBe(1);
  });

  test('stores none of the entries when one cannot be written as JSON', async () => {
    const driver = openAt(`${temporaryFolder()}/data.db`);
    await driver.setItems([['a', 'old']]);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const bad of [1n, circular]) {
      const write = driver.setItems([
        ['a', 'new'],
        ['b', bad],
        ['c', 'new'],
      ]);
      await expect(write).rejects.toBeInstanceOf(TypeError);
    }
    expect(await driver.getKeys('')).toEqual(['a']);
    expect(await driver.getItem('a')).toBe('old');
  });

  test('stores all or none of the entries when it is closed meanwhile', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`);
    const write = driver.setItems(keys.map((key) => [key, 1])).then(
      () => keys.length,
      () => 0,
    );
    await driver.dispose();
    expect(await openAt(path).getKeys('')).toHaveLength(await write);
  });

  test('rejects with code "storage" and stores nothing when the file cannot take it', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    execute(
      path,
      `CREATE TRIGGER full BEFORE INSERT ON items WHEN NEW.value = '3' BEGIN SELECT RAISE(ABORT, 'full'); END`,
    );
    const write = driver.setItems([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    await expect(write).rejects.toMatchObject({ code: 'storage', message: expect.stringContaining(path) });
    expect(await driver.getKeys('')).toEqual([]);
    await driver.setItems([['a', 1]]);
    expect(await driver.getItem('a')).toBe(1);
  });

  test.each([
    ['a text', (path: string) => writeFileSync(path, 'hello, this is a letter and no database'.repeat(50))],
    [
      'a database of another program',
      (path: string) => execute(path, 'CREATE TABLE items (key TEXT, value TEXT)'),
    ],
    [
      'a database of another program that counts versions too',
      (path: string) => execute(path, 'CREATE TABLE items (key BLOB, value TEXT); PRAGMA user_version = 1'),
    ],
    [
      'a database that another program has marked',
      (path: string) => execute(path, 'PRAGMA application_id = 7'),
    ],
    [
      'a file of a later version of this package',
      (path: string) => {
        void openSqliteStorage(path).dispose();
        execute(path, 'PRAGMA user_version = 2');
      },
    ],
  ])('refuses %s and leaves it as it is', (_, make) => {
    const path = `${temporaryFolder()}/data.db`;
    make(path);
    const before = readFileSync(path);
    expect(() => openSqliteStorage(path)).toThrow(
      expect.objectContaining({ code: 'storage', message: expect.stringContaining(path) }),
    );
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual(['data.db']);
  });

  test('refuses a place where no file can be made', () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, '');
    for (const path of [folder, `${folder}/file/data.db`]) {
      expect(() => openSqliteStorage(path)).toThrow(
        expect.objectContaining({ code: 'storage', hint: expect.stringContaining('folder') }),
      );
    }
  });

  test('refuses a folder that it may not write, unless it is root and may', () => {
    const folder = `${temporaryFolder()}/locked`;
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    const open = (): StorageDriver => openAt(`${folder}/data.db`);
    if (process.getuid?.() === 0) expect(open).not.toThrow();
    else expect(open).toThrow(expect.objectContaining({ code: 'storage' }));
  });
});
