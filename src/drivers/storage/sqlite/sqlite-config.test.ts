import { expect, test } from 'vitest';
import { parseSqliteConfig } from './sqlite-config.ts';

class BetterSqlite3 {
  exec(): void {}
  prepare(): void {}
  pragma(): void {}
  close(): void {}
}

class DatabaseSync {
  exec(): void {}
  prepare(): void {}
  open(): void {}
  close(): void {}
}

/** With the methods that are used, and options of another kind. */
class BunSqlite {
  exec(): void {}
  prepare(): void {}
  query(): void {}
  close(): void {}
}

test.each([BetterSqlite3, DatabaseSync])('parseSqliteConfig() takes %o', (Database) => {
  expect(parseSqliteConfig({ Database })).toEqual({ Database });
});

test('parseSqliteConfig() takes nothing for what the runtime has', () => {
  expect(parseSqliteConfig(undefined)).toEqual({});
  expect(parseSqliteConfig({ Database: undefined })).toEqual({});
});

test.each([
  [null, 'sqlite'],
  ['better-sqlite3', 'sqlite'],
  [BetterSqlite3, 'sqlite'],
  [[], 'sqlite'],
  [{ database: BetterSqlite3 }, 'sqlite.database'],
  [{ Database: null }, 'sqlite.Database'],
  [{ Database: 'better-sqlite3' }, 'sqlite.Database'],
  [{ Database: new BetterSqlite3() }, 'sqlite.Database'],
  [{ Database: { default: BetterSqlite3 } }, 'sqlite.Database'],
  [{ Database: () => {} }, 'sqlite.Database'],
  [{ Database: class {} }, 'sqlite.Database'],
  [{ Database: BunSqlite }, 'sqlite.Database'],
])('parseSqliteConfig() refuses %o and names it', (value, option) => {
  expect(() => parseSqliteConfig(value)).toThrow(
    expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining(`"${option}"`) }),
  );
});
