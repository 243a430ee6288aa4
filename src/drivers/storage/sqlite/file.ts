import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { InstantNodeError } from '../../../errors.ts';
import { makeFolder, syncFolder } from '../filesystem/folder.ts';
import { withHint } from '../filesystem/hint.ts';
import { openSqliteDatabase, type SqliteDatabase } from './database.ts';
import { hidesCommits } from './wal-damage.ts';

/** Written to `application_id`, so that no other program's file is taken for one of ours: "InNd". */
const APPLICATION_ID = 0x496e_4e64;
/**
 * Written to `user_version`, so that a later version of this package knows what it opens.
 *
 * - 1: values are JSON.
 * - 2: values are records of the layer above, which tells them from JSON. The table has row ids, in a file that was made so.
 */
const SCHEMA_VERSION = 2;

/** Makes a file that is not there, for its owner alone, and gives its one true path. */
export function makeSqliteFile(file: string): string {
  try {
    makeFolder(dirname(file));
    create(file);
    if (!statSync(file).isFile()) throw new TypeError('It is no file');
    return realpathSync(file);
  } catch (cause) {
    throw cannotOpen(file, 'the file cannot be written', {
      hint: 'Give storagePath a file in a folder that this process may write',
      cause,
    });
  }
}

/**
 * Opens a file that is there; an empty one becomes ours. One that is not ours, or a later version's, is left as it is.
 * What is damaged and can be done without is reported.
 */
export function openSqliteFile(file: string, report: (error: InstantNodeError) => void): SqliteDatabase {
  const database = openSqliteDatabase(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    claim(database, file, report);
    // Full: each commit is on the disk when it returns. On macOS that takes more than a sync.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON');
  } catch (cause) {
    database.close();
    if (cause instanceof InstantNodeError) throw cause;
    throw cannotOpen(file, ...reasonOf(cause));
  }
  return database;
}

/**
 * Returns what throws once the file, or its log, was removed or replaced: what is written then is gone when it is closed.
 * To be called within a transaction.
 */
export function guardOf(file: string): () => void {
  const numbers = new Map<string, number | undefined>();
  return () => {
    for (const path of [file, `${file}-wal`]) {
      const number = statSync(path, { throwIfNoEntry: false })?.ino;
      if (!numbers.has(path)) numbers.set(path, number);
      if (number !== undefined && number === numbers.get(path)) continue;
      throw new InstantNodeError(
        'storage',
        `Cannot write to storage "sqlite" at "${file}": "${path}" was removed or replaced while it was open`,
        { hint: 'Let no other program touch the files, and open the database again' },
      );
    }
  };
}

// Opened only where it is not there: a process that closes a file drops every lock it has on it, those of SQLite too.
// SQLite gives its log files the mode of the database file, so the file is made first, with the right one.
function create(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    syncFolder(dirname(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function claim(database: SqliteDatabase, file: string, report: (error: InstantNodeError) => void): void {
  // Also waits for what another process has begun to write, so that this one sees it.
  database.exec('BEGIN IMMEDIATE');
  try {
    const { id, version, tables } = database
      .prepare(
        `SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
           FROM pragma_application_id, pragma_user_version`,
      )
      .get() as { id: number; version: number; tables: number };
    if (id === 0 && version === 0 && tables === 0) {
      // With row ids, as records are large: without, one of over a kilobyte takes a page of its own.
      database.exec('CREATE TABLE items (key BLOB PRIMARY KEY NOT NULL, value TEXT NOT NULL)');
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    } else if (id !== APPLICATION_ID) {
      throw cannotOpen(file, 'not a database of ours', { hint: 'Give storagePath a file of its own' });
    } else if (version > SCHEMA_VERSION) {
      throw cannotOpen(file, `it has version ${version}, this package reads ${SCHEMA_VERSION}`, {
        hint: 'Use the version of @instantdb/node that wrote it, or another storagePath',
      });
    } else {
      // While nobody writes.
      reportHiddenCommits(database, file, report);
      mendIndex(database, file, report);
      if (version < SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    database.exec('COMMIT');
  } catch (cause) {
    database.exec('ROLLBACK');
    throw cause;
  }
}

function reportHiddenCommits(
  database: SqliteDatabase,
  file: string,
  report: (error: InstantNodeError) => void,
): void {
  const log = `${file}-wal`;
  const { size } = database.prepare('SELECT page_size AS size FROM pragma_page_size').get() as {
    size: number;
  };
  if (!existsSync(log) || !hidesCommits(readFileSync(log), size)) return;
  const message = `Found damage in the log of storage "sqlite" at "${file}": what was written after it is lost`;
  const hint = 'Check the disk. What was lost is lost to the database, unless the server has it';
  try {
    report(
      new InstantNodeError('storage', `${message}; the log is set aside in "${setAside(log)}"`, { hint }),
    );
  } catch (cause) {
    report(new InstantNodeError('storage', message, { hint, cause }));
  }
}

function setAside(log: string): string {
  for (let number = 1; ; number++) {
    const path = `${log}.damaged-${number}`;
    if (existsSync(path)) continue;
    // It gets the mode of the log.
    copyFileSync(log, path, constants.COPYFILE_EXCL);
    return path;
  }
}

/** A record that the index has under another key, or not at all, is neither found nor missed. */
function mendIndex(database: SqliteDatabase, file: string, report: (error: InstantNodeError) => void): void {
  const damage = damageIn(database);
  if (damage.length === 0) return;
  database.exec('REINDEX');
  // Throws where rows cannot be read.
  database.prepare('SELECT count(*), sum(length(value)) FROM items NOT INDEXED').get();
  const found = damageIn(database).length === 0 ? 'its index was made anew' : 'records may be lost';
  const message = `Found damage in storage "sqlite" at "${file}": ${found}`;
  report(
    new InstantNodeError('storage', message, { hint: 'Check the disk', cause: new Error(damage.join('; ')) }),
  );
}

function damageIn(database: SqliteDatabase): string[] {
  const rows = database.prepare('PRAGMA integrity_check(10)').all() as { integrity_check: string }[];
  return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
}

function reasonOf(cause: unknown): [why: string, details: { hint?: string; cause?: unknown }] {
  const said = cause instanceof Error ? cause.message : '';
  if (/malformed|corrupt/i.test(said)) {
    const hint = 'Restore it from a copy, or read what can be read with: sqlite3 <file> .recover';
    return ['the file is damaged', { hint, cause }];
  }
  if (/locked|busy/i.test(said))
    return ['another process has been writing to the file for 5 seconds', { cause }];
  if (/not a database/i.test(said)) return ['not a database of ours', { cause }];
  if (/readonly|read-only/i.test(said)) return ['the file cannot be written', withHint(cause)];
  return ['SQLite cannot use the file', withHint(cause)];
}

function cannotOpen(
  file: string,
  why: string,
  details: { hint?: string; cause?: unknown },
): InstantNodeError {
  return new InstantNodeError('storage', `Cannot open storage "sqlite" at "${file}": ${why}`, details);
}
