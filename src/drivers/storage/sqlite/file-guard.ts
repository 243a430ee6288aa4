import { statSync } from 'node:fs';
import { InstantNodeError } from '../../../errors.ts';
import type { SqliteDatabase, SqliteOpener } from './sqlite-database.ts';

interface Seen {
  readonly number: number;
  size: number;
}

/**
 * Detects that a file, or its log, was removed, replaced or truncated while it is open: then either what is written now
 * is lost when the file is closed, or what was written before is lost already.
 */
export class FileGuard {
  readonly #file: string;
  readonly #open: SqliteOpener;
  readonly #seen = new Map<string, Seen>();

  /** `file` is open already. */
  constructor(file: string, open: SqliteOpener) {
    this.#file = file;
    this.#open = open;
    for (const path of this.#paths) {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats) this.#seen.set(path, { number: stats.ino, size: stats.size });
    }
  }

  /** Throws code `storage` when that has happened. Call it within a transaction, before the commit. */
  assertWhole(): void {
    for (const path of this.#paths) this.#assertThere(path);
  }

  /** Records the current sizes, after this process has changed them. */
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
    // Others may have returned free space: a smaller file that can be read whole is intact.
    if (seen && stats.size < seen.size && !this.#isReadable()) throw this.#failure(path, 'cut off');
    this.#seen.set(path, { number: stats.ino, size: stats.size });
  }

  /** Checked over a separate connection, which has cached nothing yet. */
  #isReadable(): boolean {
    let fresh: SqliteDatabase | undefined;
    try {
      // SQLite would also take an empty file for an intact, empty database.
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
