import type { SqliteDatabase } from './sqlite-database.ts';

/** Free pages that are worth giving back: a megabyte, of pages of 4 KB. */
const WORTHWHILE = 256;
/** Pages that are given back in one transaction, which others wait for. */
const SLICE = 512;
/** Pages in use of which a file that was made without `auto_vacuum` is written anew: 16 MB, a tenth of a second. */
const CHEAP = 4_096;

/** Gives back the space of records that were removed, a little at a time. */
export class FreeSpace {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * Gives back some of what is free, where that is worth it; says whether there is more. A file of a version before is
   * written anew, once, when little is left in it: from then on it gives back a little at a time as well.
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
      // Deno gives back one page, however many are asked for (seen on 2.9.6).
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
