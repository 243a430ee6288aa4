import { constants, copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { InstantNodeError } from '../../../errors.ts';
import type { FoundFile } from './new-file.ts';
import type { SqliteDatabase, SqliteOpener } from './sqlite-database.ts';
import { cannotOpen, refusalOf } from './sqlite-refusal.ts';
import { APPLICATION_ID, makeSchema, SCHEMA_VERSION } from './sqlite-schema.ts';
import { hidesCommits } from './wal-damage.ts';

/** How a file is opened. */
export interface FileOptions<Held> {
  open: SqliteOpener;
  /** Called before anything is changed, while no one else can start to write. */
  begin(): Held;
  /** Undoes `begin` when the file cannot be opened. Also called while no one else can write. */
  undo(held: Held): void;
  /** Reports damage that does not prevent opening. */
  report(error: InstantNodeError): void;
}

/**
 * Opens an existing file; an empty one becomes ours. A file that is not ours, or was written by a later version, is
 * left unchanged. If another connection has it locked, SQLite's error is thrown unchanged.
 */
export function openSqliteFile<Held>(
  { path, isEmptied }: FoundFile,
  options: FileOptions<Held>,
): { database: SqliteDatabase; held: Held } {
  const told = isEmptied ? emptiedReport(path) : undefined;
  let database: SqliteDatabase;
  try {
    database = options.open(path);
  } catch (cause) {
    throw refusalOf(path, cause);
  }
  try {
    // SQLite must not wait for other processes, which would block the event loop.
    database.exec('PRAGMA busy_timeout = 0');
    const held = inTransaction(database, options, () => {
      if (claim(database, path, options.report) && told) options.report(told);
    });
    return { database, held };
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** FULL: each commit is on disk when it returns. On macOS that takes more than a sync. */
export function prepareConnection(database: SqliteDatabase): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON');
}

function inTransaction<Held>(
  database: SqliteDatabase,
  { begin, undo }: FileOptions<Held>,
  work: () => void,
): Held {
  // Also so that this process sees what another one has begun to write.
  database.exec('BEGIN IMMEDIATE');
  let begun: [Held] | undefined;
  try {
    begun = [begin()];
    work();
    database.exec('COMMIT');
    return begun[0];
  } catch (cause) {
    if (begun) undo(begun[0]);
    database.exec('ROLLBACK');
    throw cause;
  }
}

/** Whether the file was empty, and is now ours. */
function claim(database: SqliteDatabase, file: string, report: (error: InstantNodeError) => void): boolean {
  const { id, version, tables } = database
    .prepare(
      `SELECT application_id AS id, user_version AS version, (SELECT count(*) FROM sqlite_schema) AS tables
         FROM pragma_application_id, pragma_user_version`,
    )
    .get() as { id: number; version: number; tables: number };
  if (id === 0 && version === 0 && tables === 0) {
    makeSchema(database);
    return true;
  }
  if (id !== APPLICATION_ID)
    throw cannotOpen(file, 'not a database of ours', { hint: 'Give storagePath a file of its own' });
  if (version > SCHEMA_VERSION)
    throw cannotOpen(file, `it has version ${version}, this package reads ${SCHEMA_VERSION}`, {
      hint: 'Use the version of @instantdb/node that wrote it, or another storagePath',
    });
  // While no one writes.
  reportHiddenCommits(database, file, report);
  mendIndex(database, file, report);
  if (version < SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  return false;
}

/** Called before SQLite opens the file, because it discards the log of an empty one. */
function emptiedReport(file: string): InstantNodeError {
  const log = `${file}-wal`;
  const isLeft = (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const left = isLeft ? `its log is left, and set aside in "${setAside(log)}"` : 'nothing is left of it';
  return new InstantNodeError(
    'storage',
    `Found the file of storage "sqlite" at "${file}" empty, or gone and its log left: ${left}`,
    { hint: 'Check the disk. What is missing is lost to the database, unless the server has it' },
  );
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
    // The copy gets the mode of the log.
    copyFileSync(log, path, constants.COPYFILE_EXCL);
    return path;
  }
}

/** A record that the index has under another key, or not at all, is not found, and its absence goes unnoticed. */
function mendIndex(database: SqliteDatabase, file: string, report: (error: InstantNodeError) => void): void {
  const damage = damageIn(database);
  if (damage.length === 0) return;
  database.exec('REINDEX');
  // Throws if rows cannot be read.
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
