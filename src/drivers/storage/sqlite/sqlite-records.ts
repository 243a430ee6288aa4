import type { StorageChange, StorageEntry, StorageScope } from '../../contract.ts';
import { joinKey } from '../record-key.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.ts';

interface Row {
  readonly key: Uint8Array;
  readonly value: string | Uint8Array;
}

/** The row ids of records, valid until the file is rewritten, as VACUUM does. */
export interface Places {
  readonly ids: readonly number[];
  /** Changes when the file is rewritten: https://www.sqlite.org/pragma.html#pragma_schema_version */
  readonly arrangement: number;
}

/** The records of one scope in a SQLite file that several scopes share. Every call is synchronous. */
export class SqliteRecords {
  readonly #database: SqliteDatabase;
  readonly #statements: Record<'get' | 'set' | 'remove' | 'keys', SqliteStatement>;
  readonly #byPlace: Record<'places' | 'rows' | 'arrangement', SqliteStatement> | undefined;
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
    this.#byPlace = hasRowIds(database) ? byPlace(database) : undefined;
    this.#prefix = `${joinKey(appId, instanceKey)}:`;
  }

  get(key: string): string | null {
    const row = this.#statements.get.get(this.#bytesOf(key)) as Pick<Row, 'value'> | undefined | null;
    return row ? recordOf(row) : null;
  }

  keys(): string[] {
    const from = this.#bytesOf('');
    const rows = this.#statements.keys.all(from, behind(from)) as Pick<Row, 'key'>[];
    return rows.map((row) => this.#keyOf(row));
  }

  /**
   * The places of the records whose keys begin with `prefix`, which ends with ":", in the order of the file, so that
   * each page is read once. Undefined in a file of version 1, whose table is sorted by key.
   */
  placesOf(prefix: string): Places | undefined {
    if (!this.#byPlace) return undefined;
    const from = this.#bytesOf(prefix);
    const found = this.#byPlace.places.get(from, behind(from)) as { ids: string; arrangement: number };
    return { ids: JSON.parse(found.ids), arrangement: found.arrangement };
  }

  /** The records at some of `places`, without deleted ones; undefined when the file was rearranged meanwhile. */
  at(ids: readonly number[], { arrangement }: Places): StorageEntry[] | undefined {
    if (!this.#byPlace) return undefined;
    const rows = this.#byPlace.rows.all(JSON.stringify(ids)) as Row[];
    const now = this.#byPlace.arrangement.get() as Pick<Places, 'arrangement'>;
    if (now.arrangement !== arrangement) return undefined;
    return rows.map((row) => [this.#keyOf(row), recordOf(row)]);
  }

  /** Writes all of the batches to the file, or none. `check` is called before the commit, and may throw. */
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

  /** Rewrites the file without the remains of replaced or deleted rows. */
  scrub(): void {
    this.#database.exec('PRAGMA secure_delete = ON; VACUUM');
  }

  /** Empties the log next to the file. While others read from the log, it throws the error of a locked file. */
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
      // SQLite has already done so, as it does when the disk is full.
    }
  }

  #keyOf({ key }: Pick<Row, 'key'>): string {
    return viewOf(key).toString('utf16le', 2 * this.#prefix.length);
  }

  // As bytes: keys have been stored that way since the first version, when they could be any string.
  #bytesOf(key: string): Buffer {
    return Buffer.from(this.#prefix + key, 'utf16le');
  }
}

function hasRowIds(database: SqliteDatabase): boolean {
  const { wr } = database.prepare("SELECT wr FROM pragma_table_list WHERE name = 'items'").get() as {
    wr: number;
  };
  return wr === 0;
}

function byPlace(database: SqliteDatabase): Record<'places' | 'rows' | 'arrangement', SqliteStatement> {
  return {
    places: database.prepare(
      `SELECT json_group_array(id) AS ids, (SELECT schema_version FROM pragma_schema_version) AS arrangement
         FROM (SELECT rowid AS id FROM items WHERE key >= ? AND key < ? ORDER BY rowid)`,
    ),
    rows: database.prepare('SELECT key, value FROM items WHERE rowid IN (SELECT value FROM json_each(?))'),
    arrangement: database.prepare('SELECT schema_version AS arrangement FROM pragma_schema_version'),
  };
}

function recordOf({ value }: Pick<Row, 'value'>): string {
  return typeof value === 'string' ? value : viewOf(value).toString();
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

// A text with a NUL is stored as bytes, because Deno truncates text at it (seen on 2.9.6).
function storedAs(record: string): string | Buffer {
  return record.includes('\0') ? Buffer.from(record) : record;
}

/** The smallest key after all those that begin with `prefix`, which ends with ":". */
function behind(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix);
  // The low byte of the last UTF-16 unit.
  next.writeUInt8(next.readUInt8(next.length - 2) + 1, next.length - 2);
  return next;
}
