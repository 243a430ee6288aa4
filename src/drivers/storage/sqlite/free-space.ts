import type { SqliteDatabase } from './sqlite-database.ts';

/** How many free pages are worth returning: a megabyte, at 4 KB a page. */
const WORTHWHILE = 256;
/** How many pages are returned in one transaction, during which others wait. */
const SLICE = 512;
/** The most pages in use at which a file created without `auto_vacuum` is rewritten: 16 MB, a tenth of a second. */
const CHEAP = 4_096;

/** Returns the space of deleted records to the file system, a little at a time. */
export class FreeSpace {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * Returns some free space, if that is worthwhile, and says whether there is more. A file of an earlier version is
   * rewritten once, when little is left in it; from then on it also returns its space a little at a time.
   */
  giveBack(): 'nothing' | 'some' | 'all' {
    const free = this.#number('freelist_count');
    const pages = this.#number('page_count');
    if (free < WORTHWHILE || free < (pages - free) / 4) return 'nothing';
    if (this.#number('auto_vacuum') === INCREMENTAL) return this.#giveBackSlice(free);
    if (pages - free > CHEAP) return 'nothing';
    this.#database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
    return 'all';
  }

  #giveBackSlice(free: number): 'nothing' | 'some' | 'all' {
    const rest = Math.max(0, free - SLICE);
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      let left = free;
      // Deno returns one page, however many are asked for (seen on 2.9.6).
      while (left > rest) {
        this.#database.exec(`PRAGMA incremental_vacuum(${left - rest})`);
        const now = this.#number('freelist_count');
        if (now >= left) break;
        left = now;
      }
      this.#database.exec('COMMIT');
      if (left === free) return 'nothing';
      return left === 0 ? 'all' : 'some';
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #number(pragma: 'freelist_count' | 'page_count' | 'auto_vacuum'): number {
    const row = this.#database.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>;
    return row[pragma] ?? 0;
  }
}

const INCREMENTAL = 2;
