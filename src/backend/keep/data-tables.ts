import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolderSync } from '../../drivers/storage/folder-sync.ts';
import { openSqliteDatabase, type SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { packLedger } from './pack-ledger.ts';

/** In the header of every file of ours: "InsB". */
export const APPLICATION_ID = 0x496e7342;

// Values are bound as texts, and the affinity of a column makes numbers of them. A triple is found by the key of its
// value: the value in canonical form, or the hash of that where it is long.
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

// A piece begins at the byte `at` of its stream. Pieces lie one after the other without a gap.
const STREAMS = `
  CREATE TABLE stream_pieces (
    app INTEGER, stream TEXT, at INTEGER, bytes BLOB NOT NULL,
    PRIMARY KEY (app, stream, at)
  ) WITHOUT ROWID;
`;

/** What leads from each format to the next, from no file to the first on. */
const UPGRADES: readonly ((database: SqliteDatabase) => void)[] = [
  (database) => database.exec(FIRST),
  (database) => database.exec(STREAMS),
  packLedger,
];

/** In the header too; a file with a larger one was written by a later version of this package. */
export const FORMAT: number = UPGRADES.length;

/** Makes a new, empty file. It is there as a whole or not at all, whenever the process dies. */
export function createDatabase(file: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  rmSync(`${draft}-journal`, { force: true });
  // SQLite gives its logs the mode of the file, so the file is made first, with the right one.
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

/** Opens a file of ours for reading and writing, each commit synced. One of an older format gets the present one. */
export function openDatabase(file: string): SqliteDatabase {
  const database = openSqliteDatabase(file);
  try {
    // Nobody else has it open, so there is nobody to wait for.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    upgrade(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** In one transaction: a file is in one format or in the other. */
function upgrade(database: SqliteDatabase): void {
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (format === FORMAT) return;
  database.exec('BEGIN');
  for (const step of UPGRADES.slice(format)) step(database);
  database.exec(`PRAGMA user_version = ${FORMAT}; COMMIT`);
}
