import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InstantNodeError } from '../../errors.ts';
import type { StorageDriver } from '../contract.ts';
import { openSqliteDatabase, type SqliteDatabase, type SqliteStatement } from './sqlite-database.ts';

/** Written to `application_id`, so that no other program's file is taken for one of ours: "InNd". */
const APPLICATION_ID = 0x496e_4e64;
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
      const row = statements.get.get(bytesOf(key)) as { value: string } | undefined | null;
      return row ? JSON.parse(row.value) : null;
    },
    async setItems(entries) {
      const encoded = entries.map(([key, value]) => [bytesOf(key), JSON.stringify(value ?? null)] as const);
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
      statements.remove.run(bytesOf(key));
    },
    async getKeys(prefix) {
      use();
      const from = bytesOf(prefix);
      const to = firstWithoutPrefix(from);
      const rows = to ? statements.range.all(from, to) : statements.from.all(from);
      return (rows as { key: Uint8Array }[]).map(({ key }) => Buffer.from(key).toString('utf16le'));
    },
    async dispose() {
      database?.close();
      database = undefined;
    },
  };
}

// As bytes, because text in SQLite cannot hold half of a surrogate pair, and Deno cuts it at a NUL (seen on 2.9.6).
function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'utf16le');
}

/** The least key that comes after all that start with `prefix`; undefined when there is none. */
function firstWithoutPrefix(prefix: Buffer): Buffer | undefined {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return undefined;
  const next = Buffer.from(prefix.subarray(0, last + 1));
  next.writeUInt8(next.readUInt8(last) + 1, last);
  return next;
}

function openFile(file: string): SqliteDatabase {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its log files the mode of the database file, so the file is made first, with the right one.
    closeSync(openSync(file, 'a', 0o600));
  } catch (cause) {
    throw cannotOpen(file, 'the file cannot be written', {
      hint: 'Give storagePath a file in a folder that this process may write',
      cause,
    });
  }
  const database = openSqliteDatabase(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    claim(database, file);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  } catch (cause) {
    database.close();
    if (cause instanceof InstantNodeError) throw cause;
    throw cannotOpen(file, 'not a database of ours', { cause });
  }
  return database;
}

/** Makes an empty file ours; refuses what is another's, or a later version's, without changing it. */
function claim(database: SqliteDatabase, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const { id, version, tables } = database
      .prepare(
        `SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
           FROM pragma_application_id, pragma_user_version`,
      )
      .get() as { id: number; version: number; tables: number };
    if (id === 0 && version === 0 && tables === 0) {
      database.exec('CREATE TABLE items (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    } else if (id !== APPLICATION_ID) {
      throw cannotOpen(file, 'not a database of ours', { hint: 'Give storagePath a file of its own' });
    } else if (version !== SCHEMA_VERSION) {
      throw cannotOpen(file, `it has version ${version}, this package reads ${SCHEMA_VERSION}`, {
        hint: 'Use the version of @instantdb/node that wrote it, or another storagePath',
      });
    }
    database.exec('COMMIT');
  } catch (cause) {
    database.exec('ROLLBACK');
    throw cause;
  }
}

function cannotOpen(
  file: string,
  why: string,
  details: { hint?: string; cause?: unknown },
): InstantNodeError {
  return new InstantNodeError('storage', `Cannot open storage "sqlite" at "${file}": ${why}`, details);
}

function prepare(
  database: SqliteDatabase,
): Record<'get' | 'set' | 'remove' | 'range' | 'from', SqliteStatement> {
  return {
    get: database.prepare('SELECT value FROM items WHERE key = ?'),
    set: database.prepare(
      'INSERT INTO items VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    remove: database.prepare('DELETE FROM items WHERE key = ?'),
    range: database.prepare('SELECT key FROM items WHERE key >= ? AND key < ?'),
    from: database.prepare('SELECT key FROM items WHERE key >= ?'),
  };
}
