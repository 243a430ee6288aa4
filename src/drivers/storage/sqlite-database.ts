import { createRequire } from 'node:module';
import { InstantNodeError } from '../../errors.ts';

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

type SqliteConstructor = new (path: string) => SqliteDatabase;

const load = createRequire(import.meta.url);

/**
 * Opens a SQLite file with what the runtime brings: `node:sqlite` on Node from 22.13, Bun and Deno, else the package
 * `better-sqlite3`, which the user installs.
 */
export function openSqliteDatabase(path: string): SqliteDatabase {
  const Database = builtIn() ?? installed();
  return new Database(path);
}

function builtIn(): SqliteConstructor | undefined {
  try {
    return (load('node:sqlite') as { DatabaseSync: SqliteConstructor }).DatabaseSync;
  } catch {
    // Node 20 does not have the module, Node 22 before 22.13 hides it behind a flag.
    return undefined;
  }
}

function installed(): SqliteConstructor {
  try {
    return load('better-sqlite3') as SqliteConstructor;
  } catch (cause) {
    throw new InstantNodeError(
      'missing-dependency',
      `Cannot open storage "sqlite": Node ${process.versions.node} has no node:sqlite, and better-sqlite3 could not be loaded`,
      { hint: 'Run on Node 22.13 or newer, on Bun or on Deno, or run: npm install better-sqlite3', cause },
    );
  }
}
