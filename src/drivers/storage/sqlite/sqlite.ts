import { dirname, resolve } from 'node:path';
import type { StorageDriver, StorageOptions } from '../../contract.ts';
import { reportExposure } from '../exposure.ts';
import { reportUnsyncedNames } from '../folder-sync.ts';
import type { Lock } from '../lock/file-lock.ts';
import { NotJustNow, openOrWait } from '../lock/open-or-wait.ts';
import { isBusy, isLockedTooLong, PATIENCE_MS } from './busy.ts';
import { FileGuard } from './file-guard.ts';
import { findOrMakeFile } from './new-file.ts';
import { ScopeLocks } from './scope-locks.ts';
import type { SqliteConfig } from './sqlite-config.ts';
import { openerWith, openSqliteDatabase, type SqliteOpener } from './sqlite-database.ts';
import { openSqliteFile, prepareConnection } from './sqlite-file.ts';
import { SqliteRecords } from './sqlite-records.ts';
import { refusalOf } from './sqlite-refusal.ts';
import { SqliteStorage } from './sqlite-storage.ts';

/** Further settings. */
export interface SqliteSettings extends SqliteConfig {
  /** For tests: how long another program may keep the file locked, in ms. Default 5 seconds. */
  readonly patience?: number;
}

/**
 * Stores records in one SQLite file, which several scopes and processes may share, with a write-ahead log that is
 * synced at each commit. The file is readable only by its owner; the locks of open scopes are in a folder next to it,
 * `<file>.locks`.
 *
 * SQLite is called synchronously. Batches that are called in one turn of the event loop are one transaction. While
 * another program has the file locked, calls wait without blocking the event loop.
 *
 * @throws {InstantNodeError} `storage` when the file cannot be written, is damaged, or is not one of ours,
 * `storage-locked` when another has the scope open and `whenLocked` is `'fail'`, `missing-dependency` on a Node that
 * has no SQLite.
 */
export function openSqliteStorage(
  file: string,
  options: StorageOptions,
  { Database, patience = PATIENCE_MS }: SqliteSettings = {},
): StorageDriver {
  const path = resolve(file);
  const subject = `storage "sqlite" at "${path}"`;
  const opener = Database ? openerWith(Database) : openSqliteDatabase;
  const open = (): StorageDriver => {
    try {
      return openScope(path, { subject, patience, opener }, options);
    } catch (cause) {
      if (isBusy(cause)) throw new NotJustNow(isLockedTooLong('open', subject, cause), patience);
      throw refusalOf(path, cause);
    }
  };
  return openOrWait({ name: 'sqlite', durable: true, subject, open }, options);
}

interface How {
  readonly subject: string;
  readonly patience: number;
  readonly opener: SqliteOpener;
}

function openScope(path: string, { subject, patience, opener }: How, options: StorageOptions): StorageDriver {
  const found = findOrMakeFile(path, opener);
  const file = found.path;
  const locks = new ScopeLocks(file, subject);
  // Checked even while the file is locked, because the scope's holder may be writing.
  locks.assertFree(options);
  const { database, held: lock } = openSqliteFile<Lock>(found, {
    open: opener,
    begin: () => locks.take(options),
    undo: (taken) => locks.withdraw(taken),
    report: (error) => options.report(error),
  });
  try {
    prepareConnection(database);
    // SQLite gives the files next to it the same mode.
    reportExposure(subject, [file, `${file}-wal`, `${file}-shm`], options);
    reportUnsyncedNames(subject, dirname(file), options);
    const records = new SqliteRecords(database, options.scope);
    const guard = new FileGuard(file, opener);
    const letGo = (): void => locks.letGo(lock, database, guard);
    return new SqliteStorage({ database, records, lock, letGo, guard, subject, patience });
  } catch (cause) {
    locks.letGo(lock, database);
    database.close();
    throw cause;
  }
}
