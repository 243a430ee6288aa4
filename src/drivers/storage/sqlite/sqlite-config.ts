import { invalidOption } from '../../../invalid-option.ts';
import { isObject } from '../../../protocol/json.ts';

/** The package that stands in where the runtime has no SQLite. */
export const SQLITE_PACKAGE = 'better-sqlite3';

/** The class `Database` of the package `better-sqlite3`, or `DatabaseSync` of `node:sqlite`, by what both have. */
export type SqliteClass = new (
  path: string,
  ...options: never[]
) => {
  exec(sql: string): unknown;
  prepare(sql: string): object;
  close(): unknown;
};

/** How storage `'sqlite'` comes by SQLite. */
export interface SqliteConfig {
  /**
   * The class of your own import, which a bundler, or what traces the files of a deployment, sees and brings along:
   * `import Database from 'better-sqlite3'`, or `import { DatabaseSync as Database } from 'node:sqlite'`. Default:
   * `node:sqlite` where the runtime has it, else the package `better-sqlite3`, which is looked for when `init` is called.
   */
  Database?: SqliteClass;
}

const WANTED = 'the class Database of better-sqlite3, or DatabaseSync of node:sqlite';

/**
 * Checks option `sqlite` of `init`.
 *
 * @throws {InstantNodeError} `invalid-config`, naming what cannot be used.
 */
export function parseSqliteConfig(value: unknown): SqliteConfig {
  if (value === undefined) return {};
  if (!isObject(value))
    throw invalidOption('option "sqlite" cannot be used, expected an object with a Database');
  const unknown = Object.keys(value).find((name) => name !== 'Database');
  if (unknown !== undefined)
    throw invalidOption(`option "sqlite.${unknown}" is unknown`, 'There is Database');
  const { Database } = value;
  if (Database === undefined) return {};
  if (isSqliteClass(Database)) return { Database };
  throw invalidOption(`option "sqlite.Database" cannot be used, expected ${WANTED}`);
}

/** Whether `Database` is that of the package `better-sqlite3`, which alone has `pragma`. */
export function isBetterSqlite3({ prototype }: SqliteClass): boolean {
  return 'pragma' in prototype;
}

// The class of `bun:sqlite` has the same methods, and other options. It is known by what it lacks; Bun has `node:sqlite`.
function isSqliteClass(value: unknown): value is SqliteClass {
  if (typeof value !== 'function') return false;
  const prototype: unknown = value.prototype;
  if (!isObject(prototype)) return false;
  const has = (name: string): boolean => name in prototype;
  return ['exec', 'prepare', 'close'].every(has) && (has('pragma') || has('open'));
}
