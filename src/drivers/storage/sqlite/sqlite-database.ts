import { InstantNodeError } from '../../../errors.ts';
import { detectRuntime } from '../../../runtime/detect.ts';
import { requireInstalled } from '../../../runtime/require-installed.ts';
import { isBetterSqlite3, SQLITE_PACKAGE, type SqliteClass } from './sqlite-config.ts';

/** The part of a SQLite connection that storage uses; `node:sqlite` and `better-sqlite3` both have it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** A prepared statement. */
export interface SqliteStatement {
  run(...values: (string | Uint8Array)[]): unknown;
  get(...values: (string | Uint8Array)[]): unknown;
  all(...values: (string | Uint8Array)[]): unknown[];
}

/** How to open a SQLite file. */
export interface SqliteOptions {
  /** Whether to leave the file unchanged: nothing is created, and a write fails. Default false. */
  readOnly?: boolean;
}

/** Opens a SQLite file. */
export type SqliteOpener = (path: string, options?: SqliteOptions) => SqliteDatabase;

/**
 * Opens a SQLite file with the runtime's own `node:sqlite`, on Node from 22.13, Bun and Deno, otherwise with the
 * package `better-sqlite3`, which the user installs.
 */
export const openSqliteDatabase: SqliteOpener = (path, options) => (builtIn() ?? installed())(path, options);

/** Opens SQLite files with a class that the user imported. */
export function openerWith(Database: SqliteClass): SqliteOpener {
  if (!isBetterSqlite3(Database)) return openerWithBuiltIn(Database);
  return (path, options) => {
    assertNativePart(Database, 'Cannot open storage "sqlite":');
    return openerWithBetterSqlite3(Database)(path, options);
  };
}

function builtIn(): SqliteOpener | undefined {
  // Not with `require`, which bundlers remove. Node 20 does not have the module, and before 20.16 not this function
  // either; Node 22 before 22.13 hides the module behind a flag.
  const sqlite = process.getBuiltinModule?.('node:sqlite');
  return sqlite && openerWithBuiltIn(sqlite.DatabaseSync);
}

function installed(): SqliteOpener {
  const why = `Cannot open storage "sqlite": ${runtimeName()} has no node:sqlite, and`;
  let Database: SqliteClass;
  try {
    Database = requireInstalled(SQLITE_PACKAGE) as SqliteClass;
  } catch (cause) {
    throw isMissing(`${why} better-sqlite3 could not be loaded`, 'npm install better-sqlite3', cause);
  }
  assertNativePart(Database, why);
  return openerWithBetterSqlite3(Database);
}

type Constructor = new (path: string, options: object) => SqliteDatabase;

function openerWithBuiltIn(DatabaseSync: SqliteClass): SqliteOpener {
  const Database = DatabaseSync as unknown as Constructor;
  return (path, { readOnly = false } = {}) => new Database(path, { readOnly });
}

function openerWithBetterSqlite3(BetterSqlite3: SqliteClass): SqliteOpener {
  const Database = BetterSqlite3 as unknown as Constructor;
  return (path, { readOnly = false } = {}) => new Database(path, { readonly: readOnly });
}

/** The native part is only loaded when a database is opened; a failure of that is not the file's fault. */
function assertNativePart(BetterSqlite3: SqliteClass, why: string): void {
  try {
    new BetterSqlite3(':memory:').close();
  } catch (cause) {
    const missing = `${why} the native part of better-sqlite3 is missing or made for another Node`;
    throw isMissing(missing, 'npm rebuild better-sqlite3', cause);
  }
}

function runtimeName(): string {
  const runtime = detectRuntime();
  return runtime === 'node' ? `Node ${process.versions.node}` : runtime;
}

function isMissing(message: string, command: string, cause: unknown): InstantNodeError {
  const where = 'beside a bundle too, or give option sqlite.Database';
  return new InstantNodeError('missing-dependency', message, {
    hint: `Run on Node 22.13 or newer, on Bun or on Deno, or run: ${command} (${where})`,
    cause,
  });
}
