import { closeSync, openSync, readFileSync } from 'node:fs';
import { openSqliteDatabase, type SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { InstantNodeError } from '../../errors.ts';

/**
 * Locks a folder, and returns a function that releases it. It is the operating system's lock on an empty SQLite file:
 * it ends with the process that holds it, however that ends, so it never goes stale and no dead owner can be mistaken
 * for a live one.
 *
 * @throws {InstantNodeError} `storage` when another backend, in this process or another, holds it.
 */
export function takeLock(folder: string, file: string, owner: string): () => void {
  create(folder, file);
  let lock: SqliteDatabase | undefined = openSqliteDatabase(file);
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw isBusy(cause) ? inUse(folder, owner, cause) : unusable(folder, cause);
  }
  return () => {
    lock?.close();
    lock = undefined;
  };
}

// Created only if missing: a process that opens and closes a file drops every lock it holds on it.
function create(folder: string, file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(folder, cause);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message);
}

function inUse(folder: string, owner: string, cause: unknown): InstantNodeError {
  return new InstantNodeError('storage', `Cannot keep data in "${folder}": ${ownerOf(owner)} uses it`, {
    hint: 'Close that backend first, or give this one another folder',
    cause,
  });
}

function ownerOf(file: string): string {
  try {
    const pid = readFileSync(file, 'utf8').trim();
    if (pid === `${process.pid}`) return 'another backend of this process';
    return `another backend (process ${pid})`;
  } catch {
    return 'another backend';
  }
}

function unusable(folder: string, cause: unknown): InstantNodeError {
  return new InstantNodeError('storage', `Cannot keep data in "${folder}": it cannot be locked`, {
    hint: 'Give a folder that this process may write, on a file system that has locks and room',
    cause,
  });
}
