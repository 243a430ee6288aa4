import { rmdirSync } from 'node:fs';
import { basename } from 'node:path';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageOptions } from '../../contract.ts';
import { withHint } from '../failure-hint.ts';
import { assertFree, type Lock, takeLock } from '../lock/file-lock.ts';
import { makeFolder } from '../private-folder.ts';
import { fileNameOf } from '../scope-file-name.ts';
import type { FileGuard } from './file-guard.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

// The locks of scopes are files in a folder next to the database, which exist while a scope is open. They are created
// and removed within a write transaction: SQLite gives that to one connection at a time, and ends it with the process.
// So no one acts on a listing of those files that is older than another's last action.

/** The locks of the scopes in one file. */
export class ScopeLocks {
  readonly #folder: string;
  readonly #subject: string;

  constructor(file: string, subject: string) {
    this.#folder = `${file}.locks`;
    this.#subject = subject;
  }

  /** Throws code `storage-locked` when the scope is taken. May be called at any time. */
  assertFree({ scope }: StorageOptions): void {
    try {
      assertFree(`${this.#folder}/${fileNameOf(scope)}`, this.#subject);
    } catch (cause) {
      if (cause instanceof InstantNodeError) throw cause;
      // No folder means no lock; any other problem comes up when the lock is taken.
    }
  }

  /** Call it within a write transaction. */
  take({ scope, lost }: StorageOptions): Lock {
    try {
      makeFolder(this.#folder);
    } catch (cause) {
      const why = `"${basename(this.#folder)}" beside it cannot be made`;
      throw new InstantNodeError('storage', `Cannot open ${this.#subject}: ${why}`, {
        hint: 'Give storagePath a file in a folder that this process may write',
        ...withHint(cause),
      });
    }
    return takeLock(`${this.#folder}/${fileNameOf(scope)}`, { subject: this.#subject, lost });
  }

  /** Releases a lock and removes all its files. Call it within a write transaction. */
  withdraw(lock: Lock): void {
    lock.withdraw();
    try {
      rmdirSync(this.#folder);
    } catch {
      // It holds other locks.
    }
  }

  /**
   * Releases a lock. If no transaction can be had for that, or only in a file that others no longer see, the lock's
   * file stays until the scope is opened again.
   */
  letGo(lock: Lock, database: SqliteDatabase, guard?: FileGuard): void {
    try {
      database.exec('BEGIN IMMEDIATE');
      try {
        guard?.assertWhole();
        this.withdraw(lock);
      } finally {
        database.exec('ROLLBACK');
      }
    } catch {
      lock.release();
    }
  }
}
