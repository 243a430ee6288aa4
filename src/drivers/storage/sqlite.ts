import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InstantNodeError } from '../../errors.ts';
import type { StorageDriver } from '../contract.ts';
import { openSqliteDatabase, type SqliteDatabase, type SqliteStatement } from './sqlite-database.ts';

/** Written to `user_version`, so that a later version of this package knows what it opens. */
const SCHEMA_VERSION = 1;

/**
 * Keeps everything in one SQLite file: write-ahead log, synced at each commit, one transaction for each `setItems`.
 * The file is readable by its owner alone.
 */
export function openSqliteStorage(path: string): StorageDriver {
  const file = resolve(path);
  let database: SqliteDatabase | undefined = openFile(file);
  const use = (): SqliteDatabase => {
    if (!database)
      throw new InstantNodeError('storage', `Cannot use storage "sqlite" at "${file}": it is closed`);
    return database;
  };
  const statements = prepare(database);
  return {
    name: 'sqlite',
    durable: true,
    async getItem(key) {
      use();
      const row = statements.get.get(key) as { value: string } | undefined | null;
      return row ? JSON.parse(row.value) : null;
    },
    async setItems(entries) {
      const encoded = entries.map(([key, value]) => [key, JSON.stringify(value ?? null)] as const);
      const db = use();
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const [key, value] of encoded) statements.set.run(key, value);
        db.exec('COMMIT');
      } catch (cause) {
        db.exec('ROLLBACK');
        throw new InstantNodeError('storage', `Cannot write to storage "sqlite" at "${file}"`, { cause });
      }
    },
    async removeItem(key) {
      use();
      statements.remove.run(key);
    },
    async getKeys(prefix) {
      use();
      // A range, not LIKE, whose wildcards and blindness to case would let keys meet.
      const rows = statements.keys.all(prefix, `${prefix}\u{10ffff}`) as { key: string }[];
      return rows.map((row) => row.key);
    },
    async dispose() {
      database?.close();
      database = undefined;
    },
  };
}

function openFile(file: string): SqliteDatabase {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its log files the mode of the database file, so the file is made first, with the right one.
    closeSync(openSync(file, 'a', 0o600));
  } catch (cause) {
    throw new InstantNodeError(
      'storage',
      `Cannot open storage "sqlite" at "${file}": the file cannot be written`,
      {
        hint: 'Give storagePath a file in a folder that this process may write',
        cause,
      },
    );
  }
  const database = openSqliteDatabase(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    checkVersion(database, file);
    database.exec(
      'CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    );
  } catch (error) {
    database.close();
    if (error instanceof InstantNodeError) throw error;
    throw new InstantNodeError(
      'storage',
      `Cannot open storage "sqlite" at "${file}": not a database of ours`,
      {
        cause: error,
      },
    );
  }
  return database;
}

function checkVersion(database: SqliteDatabase, file: string): void {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version === SCHEMA_VERSION) return;
  if (row.user_version !== 0) {
    throw new InstantNodeError(
      'storage',
      `Cannot open storage "sqlite" at "${file}": it has version ${row.user_version}, this package reads ${SCHEMA_VERSION}`,
      { hint: 'Use the version of @instantdb/node that wrote it, or another storagePath' },
    );
  }
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function prepare(database: SqliteDatabase): Record<'get' | 'set' | 'remove' | 'keys', SqliteStatement> {
  return {
    get: database.prepare('SELECT value FROM items WHERE key = ?'),
    set: database.prepare(
      'INSERT INTO items VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    remove: database.prepare('DELETE FROM items WHERE key = ?'),
    keys: database.prepare('SELECT key FROM items WHERE key >= ? AND key < ?'),
  };
}
