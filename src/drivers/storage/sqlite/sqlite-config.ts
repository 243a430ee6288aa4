import { invalidOption } from '../../../invalid-option.ts';
import { isObject } from '../../../protocol/json.ts';

/** The package to use when the runtime has no SQLite. */
export const SQLITE_PACKAGE = 'better-sqlite3';

/** The common part of class `Database` of package `better-sqlite3` and class `DatabaseSync` of `node:sqlite`. */
export type SqliteClass = new (
  path: string,
  ...options: never[]
) => {
  exec(sql: string): unknown;
  prepare(sql: string): object;
  close(): unknown;
};

/** Where storage `'sqlite'` gets SQLite from. */
export interface SqliteConfig {
  /**
   * The class from your own import, so that a bundler, or a tool that traces the files of a deployment, sees the
   * package and includes it: `import Database from 'better-sqlite3'`, or
   * `import { DatabaseSync as Database } from 'node:sqlite'`. Default: `node:sqlite` if the runtime has it, otherwise
   * the package `better-sqlite3`, which is looked for when `init` is called.
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

/** Whether `Database` is the class of the package `better-sqlite3`: only that has `pragma`. */
export function isBetterSqlite3({ prototype }: SqliteClass): boolean {
  return 'pragma' in prototype;
}

// The class of `bun:sqlite` has the same methods but other options. It is recognized by what it lacks; Bun also has
// `node:sqlite`.
function isSqliteClass(value: unknown): value is SqliteClass {
  if (typeof value !== 'function') return false;
  const prototype: unknown = value.prototype;
  if (!isObject(prototype)) return false;
  const has = (name: string): boolean => name in prototype;
  return ['exec', 'prepare', 'close'].every(has) && (has('pragma') || has('open'));
}
