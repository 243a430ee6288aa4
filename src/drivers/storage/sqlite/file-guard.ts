import { statSync } from 'node:fs';
import { InstantNodeError } from '../../../errors.ts';
import type { SqliteDatabase, SqliteOpener } from './sqlite-database.ts';

interface Seen {
  readonly number: number;
  size: number;
}

/**
 * Notices when a file, or its log, is taken away, replaced or cut off while it is open: what is written then is gone when
 * it is closed, or what was written before.
 */
export class FileGuard {
  readonly #file: string;
  readonly #open: SqliteOpener;
  readonly #seen = new Map<string, Seen>();

  /** `file` is open. */
  constructor(file: string, open: SqliteOpener) {
    this.#file = file;
    this.#open = open;
    for (const path of this.#paths) {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats) this.#seen.set(path, { number: stats.ino, size: stats.size });
    }
  }

  /** Throws code `storage` when that has happened. To be called within a transaction, before it is settled. */
  assertWhole(): void {
    for (const path of this.#paths) this.#assertThere(path);
  }

  /** Takes sizes as they are now, after this process has changed them. */
  noteSizes(): void {
    for (const [path, seen] of this.#seen) seen.size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get #paths(): string[] {
    return [this.#file, `${this.#file}-wal`];
  }

  #assertThere(path: string): void {
    const stats = statSync(path, { throwIfNoEntry: false });
    const seen = this.#seen.get(path);
    if (!stats || (seen && seen.number !== stats.ino)) throw this.#failure(path, 'removed or replaced');
    // Others may have given space back. Where nothing is missing, what is there is all there.
    if (seen && stats.size < seen.size && !this.#isReadable()) throw this.#failure(path, 'cut off');
    this.#seen.set(path, { number: stats.ino, size: stats.size });
  }

  /** By a connection of its own, which has read nothing yet. */
  #isReadable(): boolean {
    let fresh: SqliteDatabase | undefined;
    try {
      // An empty file is an empty database, too.
      if (statSync(this.#file).size === 0) return false;
      fresh = this.#open(this.#file, { readOnly: true });
      const row = fresh.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
      return row.quick_check === 'ok';
    } catch {
      return false;
    } finally {
      fresh?.close();
    }
  }

  #failure(path: string, what: string): InstantNodeError {
    return new InstantNodeError(
      'storage',
      `Cannot write to storage "sqlite" at "${this.#file}": "${path}" was ${what} while it was open`,
      { hint: 'Let no other program touch the files, and open the database again' },
    );
  }
}
