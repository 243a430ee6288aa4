import { closeSync, existsSync, openSync, readSync, rmSync } from 'node:fs';
import { openSqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { InstantNodeError } from '../../errors.ts';
import { APPLICATION_ID, FORMAT } from './data-tables.ts';

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * Checks that a file is one of ours and intact, from the first byte to the last, before anything is written to it. The
 * caller holds the lock on the folder.
 *
 * @throws {InstantNodeError} `storage` when it is foreign, damaged, or of a later version; it is left unchanged.
 */
export function inspectDatabase(file: string): void {
  checkHeader(file, readHeader(file));
  const logs = [`${file}-wal`, `${file}-shm`].filter((log) => !existsSync(log));
  try {
    checkPages(file);
  } finally {
    // A read-only connection leaves behind the empty logs it creates.
    for (const log of logs) rmSync(log, { force: true });
  }
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const handle = openSync(file, 'r');
  try {
    return header.subarray(0, readSync(handle, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(handle);
  }
}

function checkHeader(file: string, header: Buffer): void {
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw refused(file, 'it is no SQLite database, or its beginning is damaged', RESTORE);
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw refused(file, 'it belongs to another program', 'Give the backend a folder of its own');
  }
  const format = header.readUInt32BE(USER_VERSION_AT);
  if (format < 1 || format > FORMAT) {
    throw refused(
      file,
      `it has format ${format}, and this version of @instantdb/node reads formats up to ${FORMAT}`,
      'Use the version of @instantdb/node that wrote it, or another folder',
    );
  }
}

const RESTORE = 'Restore the folder from a copy, or give another one. Nothing was changed';

function checkPages(file: string): void {
  let found: string;
  try {
    const database = openSqliteDatabase(file, { readOnly: true });
    try {
      found = Object.values(database.prepare('PRAGMA quick_check(1)').get() as object).join();
    } finally {
      database.close();
    }
  } catch (cause) {
    throw refused(file, 'it is damaged', RESTORE, cause);
  }
  if (found !== 'ok') throw refused(file, `it is damaged: ${found}`, RESTORE);
}

function refused(file: string, problem: string, hint: string, cause?: unknown): InstantNodeError {
  return new InstantNodeError('storage', `Cannot open "${file}": ${problem}`, { hint, cause });
}
