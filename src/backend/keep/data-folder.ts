import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InstantNodeError } from '../../errors.ts';
import { takeLock } from './data-lock.ts';

/** The folder in which a backend persists its apps, locked by this process. */
export interface DataFolder {
  readonly path: string;
  /** The SQLite file. */
  readonly database: string;
  /** The folder for file contents. */
  readonly files: string;
  /** Releases the lock, so that another process can take it. Repeatable. */
  release(): void;
}

/**
 * Locks a folder for this process, and creates it if missing. Whatever is created is accessible only by its owner; an
 * existing folder keeps its mode, since it may hold more than our files.
 *
 * @throws {InstantNodeError} `storage` when it cannot be written, or another backend has locked it.
 */
export function openDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw notWritable(path, cause);
  }
  const owner = join(path, 'owner');
  const release = takeLock(path, join(path, 'lock'), owner);
  try {
    // For people, and for the next process's error message. Ownership itself is decided by the lock.
    writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  } catch (cause) {
    release();
    throw notWritable(path, cause);
  }
  return { path, database: join(path, 'instant.sqlite'), files: join(path, 'files'), release };
}

function notWritable(path: string, cause: unknown): InstantNodeError {
  const problem =
    (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is no folder' : 'it cannot be written';
  return new InstantNodeError('storage', `Cannot keep data in "${path}": ${problem}`, {
    hint: 'Give a folder that this process may write, or leave the option out to keep everything in memory',
    cause,
  });
}
