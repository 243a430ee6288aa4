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

// Locks of scopes are files in a folder beside the database, which are there as long as a scope is open. To take one, and
// to take one away, is done within a transaction that writes: SQLite lets one connection at a time have that, and ends it
// with the process. So nobody acts on a list of those files that is older than what another has done.

/** The locks of the scopes in one file. */
export class ScopeLocks {
  readonly #folder: string;
  readonly #subject: string;

  constructor(file: string, subject: string) {
    this.#folder = `${file}.locks`;
    this.#subject = subject;
  }

  /** Throws code `storage-locked` when another has the scope. May be called at any time. */
  assertFree({ scope }: StorageOptions): void {
    try {
      assertFree(`${this.#folder}/${fileNameOf(scope)}`, this.#subject);
    } catch (cause) {
      if (cause instanceof InstantNodeError) throw cause;
      // Where there is no folder, there is no lock; what else is wrong is found by whoever takes it.
    }
  }

  /** To be called within a transaction that writes. */
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

  /** Lets a lock go and leaves nothing of it. To be called within a transaction that writes. */
  withdraw(lock: Lock): void {
    lock.withdraw();
    try {
      rmdirSync(this.#folder);
    } catch {
      // Others have their locks there.
    }
  }

  /**
   * Lets a lock go. Where no transaction can be had for that, or only in a file that others do not see any more, the file
   * of the lock stays until the scope was open again.
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
