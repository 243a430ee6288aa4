import type { StorageChange, StorageScope } from '../../contract.ts';
import { joinKey } from '../key.ts';
import type { SqliteDatabase, SqliteStatement } from './database.ts';

/** The records of one scope in a SQLite file that several share. Every call is synchronous. */
export class SqliteRecords {
  readonly #database: SqliteDatabase;
  readonly #statements: Record<'get' | 'set' | 'remove' | 'keys', SqliteStatement>;
  readonly #prefix: string;

  constructor(database: SqliteDatabase, { appId, instanceKey }: StorageScope) {
    this.#database = database;
    this.#statements = {
      get: database.prepare('SELECT value FROM items WHERE key = ?'),
      set: database.prepare(
        'INSERT INTO items VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      ),
      remove: database.prepare('DELETE FROM items WHERE key = ?'),
      keys: database.prepare('SELECT key FROM items WHERE key >= ? AND key < ?'),
    };
    this.#prefix = `${joinKey(appId, instanceKey)}:`;
  }

  get(key: string): string | null {
    const row = this.#statements.get.get(this.#bytesOf(key)) as
      | { value: string | Uint8Array }
      | undefined
      | null;
    if (!row) return null;
    return typeof row.value === 'string' ? row.value : Buffer.from(row.value).toString();
  }

  /** The records of all of `keys`, in one transaction: each of its own takes and leaves the file's locks. */
  getMany(keys: readonly string[]): (string | null)[] {
    this.#database.exec('BEGIN');
    try {
      return keys.map((key) => this.get(key));
    } finally {
      this.#rollBack();
    }
  }

  keys(): string[] {
    const from = this.#bytesOf('');
    const rows = this.#statements.keys.all(from, behind(from)) as { key: Uint8Array }[];
    return rows.map(({ key }) => Buffer.from(key).toString('utf16le').slice(this.#prefix.length));
  }

  /** Has all of the batches in the file, or none of them. `check` is called before it is settled, and may throw. */
  commit(batches: readonly (readonly StorageChange[])[], check: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const batch of batches) for (const change of batch) this.#apply(change);
      check();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Writes the file anew, without what is left of rows that were replaced or deleted. */
  scrub(): void {
    this.#database.exec('PRAGMA secure_delete = ON; VACUUM');
  }

  /** Leaves nothing in the log beside the file. Throws what a locked file is told by while others read from it. */
  emptyLog(): void {
    const { busy } = this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    if (busy !== 0) throw new Error('database is locked: its log is in use by another connection');
  }

  close(): void {
    this.#database.close();
  }

  #apply([key, record]: StorageChange): void {
    if (record === null) this.#statements.remove.run(this.#bytesOf(key));
    else this.#statements.set.run(this.#bytesOf(key), storedAs(record));
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has done so itself, as it does when the disk is full.
    }
  }

  // As bytes: that is how they have been stored from the first version on, when keys could be any string.
  #bytesOf(key: string): Buffer {
    return Buffer.from(this.#prefix + key, 'utf16le');
  }
}

// A text with a NUL as bytes, because Deno cuts text at it (seen on 2.9.6).
function storedAs(record: string): string | Buffer {
  return record.includes('\0') ? Buffer.from(record) : record;
}

/** The least key that comes after all that start with `prefix`, which ends with ":". */
function behind(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix);
  // The low byte of the last UTF-16 unit.
  next.writeUInt8(next.readUInt8(next.length - 2) + 1, next.length - 2);
  return next;
}
