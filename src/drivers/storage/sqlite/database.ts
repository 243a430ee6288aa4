import { InstantNodeError } from '../../../errors.ts';
import { requireHere } from '../../../runtime/require-here.ts';
import { requireInstalled } from '../../../runtime/require-installed.ts';

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
  /** Whether to leave the file as it is: nothing is created, and a write fails. Default false. */
  readOnly?: boolean;
}

type SqliteOpener = (path: string, readOnly: boolean) => SqliteDatabase;
type SqliteConstructor<Options> = new (path: string, options: Options) => SqliteDatabase;

/**
 * Opens a SQLite file with what the runtime brings: `node:sqlite` on Node from 22.13, Bun and Deno, else the package
 * `better-sqlite3`, which the user installs.
 */
export function openSqliteDatabase(path: string, { readOnly = false }: SqliteOptions = {}): SqliteDatabase {
  const open = builtIn() ?? installed();
  return open(path, readOnly);
}

function builtIn(): SqliteOpener | undefined {
  try {
    const { DatabaseSync } = requireHere()('node:sqlite') as {
      DatabaseSync: SqliteConstructor<{ readOnly: boolean }>;
    };
    return (path, readOnly) => new DatabaseSync(path, { readOnly });
  } catch {
    // Node 20 does not have the module, Node 22 before 22.13 hides it behind a flag.
    return undefined;
  }
}

function installed(): SqliteOpener {
  let Database: SqliteConstructor<{ readonly: boolean }>;
  try {
    Database = requireInstalled('better-sqlite3') as typeof Database;
  } catch (cause) {
    throw isMissing('better-sqlite3 could not be loaded', 'npm install better-sqlite3', cause);
  }
  try {
    // Its native part is looked for when a database is opened: what is wrong with that is not the file's fault.
    new Database(':memory:', { readonly: false }).close();
  } catch (cause) {
    const why = 'the native part of better-sqlite3 is missing or made for another Node';
    throw isMissing(why, 'npm rebuild better-sqlite3', cause);
  }
  return (path, readonly) => new Database(path, { readonly });
}

function isMissing(why: string, command: string, cause: unknown): InstantNodeError {
  return new InstantNodeError(
    'missing-dependency',
    `Cannot open storage "sqlite": Node ${process.versions.node} has no node:sqlite, and ${why}`,
    { hint: `Run on Node 22.13 or newer, on Bun or on Deno, or run: ${command}`, cause },
  );
}
