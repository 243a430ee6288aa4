import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolderSync } from '../../drivers/storage/folder-sync.ts';
import { openSqliteDatabase, type SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { packLedger } from './pack-ledger.ts';

/** In the header of each of our database files: "InsB". */
export const APPLICATION_ID = 0x496e7342;

// Values are bound as text, and column affinity converts numbers. A triple is identified by the key of its value: its
// canonical form, or the hash of that if it is long.
const FIRST = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE apps (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tx_id INTEGER NOT NULL,
    identity TEXT,
    status TEXT,
    rules TEXT,
    initial TEXT
  );
  CREATE TABLE attrs (app INTEGER, id TEXT, attr TEXT NOT NULL, PRIMARY KEY (app, id)) WITHOUT ROWID;
  CREATE TABLE triples (
    app INTEGER, a TEXT, e TEXT, key TEXT, v TEXT NOT NULL, t NUMERIC NOT NULL,
    PRIMARY KEY (app, a, e, key)
  ) WITHOUT ROWID;
  CREATE TABLE ledger (
    app INTEGER, client_event_id TEXT, tx_id INTEGER NOT NULL,
    PRIMARY KEY (app, client_event_id)
  ) WITHOUT ROWID;
`;

// A piece starts at byte `at` of its stream. Pieces are contiguous.
const STREAMS = `
  CREATE TABLE stream_pieces (
    app INTEGER, stream TEXT, at INTEGER, bytes BLOB NOT NULL,
    PRIMARY KEY (app, stream, at)
  ) WITHOUT ROWID;
`;

/** The steps from each format to the next, starting with an empty file. */
const UPGRADES: readonly ((database: SqliteDatabase) => void)[] = [
  (database) => database.exec(FIRST),
  (database) => database.exec(STREAMS),
  packLedger,
];

/** Also in the header; a file with a larger format was written by a later version of this package. */
export const FORMAT: number = UPGRADES.length;

/** Creates a new, empty file. It appears atomically, even if the process dies. */
export function createDatabase(file: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  rmSync(`${draft}-journal`, { force: true });
  // SQLite gives its logs the mode of the database file, so the file is created first, with the right mode.
  closeSync(openSync(draft, 'wx', 0o600));
  const database = openSqliteDatabase(draft);
  try {
    database.exec(`PRAGMA synchronous = FULL; PRAGMA application_id = ${APPLICATION_ID}`);
    upgrade(database);
  } finally {
    database.close();
  }
  renameSync(draft, file);
  syncFolderSync(dirname(file));
}

/** Opens one of our files for reading and writing, and syncs each commit. An older format is upgraded. */
export function openDatabase(file: string): SqliteDatabase {
  const database = openSqliteDatabase(file);
  try {
    // No other process has it open, so there is no lock to wait for.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    upgrade(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** In one transaction, so that a file is never between two formats. */
function upgrade(database: SqliteDatabase): void {
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (format === FORMAT) return;
  database.exec('BEGIN');
  for (const step of UPGRADES.slice(format)) step(database);
  database.exec(`PRAGMA user_version = ${FORMAT}; COMMIT`);
}
