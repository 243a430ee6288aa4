import type { SqliteDatabase, SqliteStatement } from '../../drivers/storage/sqlite/sqlite-database.ts';

/** The longest piece. A read loads at most one of them more than it asked for. */
const PIECE_BYTES = 64 * 1024;
/** A shorter piece is extended, so that many small chunks do not become as many rows. It fits into a page. */
const GROWING_BYTES = 2 * 1024;

interface Piece {
  at: number;
  size: number;
}

/** Writes streams in pieces. Call it only within a database transaction. */
export class StreamWriter {
  readonly #last: SqliteStatement;
  readonly #grow: SqliteStatement;
  readonly #insert: SqliteStatement;
  readonly #delete: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const where = 'WHERE app = ? AND stream = ?';
    this.#last = database.prepare(
      `SELECT at, length(bytes) AS size FROM stream_pieces ${where} ORDER BY at DESC LIMIT 1`,
    );
    // `||` on two blobs yields their bytes as text, hence the cast.
    this.#grow = database.prepare(
      `UPDATE stream_pieces SET bytes = CAST(bytes || ? AS BLOB) ${where} AND at = ?`,
    );
    this.#insert = database.prepare('INSERT INTO stream_pieces VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare(`DELETE FROM stream_pieces ${where}`);
  }

  append(app: string, stream: string, bytes: Uint8Array): void {
    const last = this.#last.get(app, stream) as Piece | undefined | null;
    if (last && last.size < GROWING_BYTES && last.size + bytes.byteLength <= PIECE_BYTES) {
      this.#grow.run(bytes, app, stream, `${last.at}`);
      return;
    }
    const end = last ? last.at + last.size : 0;
    for (let from = 0; from < bytes.byteLength; from += PIECE_BYTES) {
      this.#insert.run(app, stream, `${end + from}`, bytes.subarray(from, from + PIECE_BYTES));
    }
  }

  delete(app: string, stream: string): void {
    this.#delete.run(app, stream);
  }
}
