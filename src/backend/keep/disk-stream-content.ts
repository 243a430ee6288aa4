import type { SqliteDatabase, SqliteStatement } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { StreamContent } from '../app/stream-content.ts';
import type { Write } from './app-writer.ts';

/** Where streams are stored. */
interface Disk {
  readonly database: SqliteDatabase;
  /** Adds a write to the commit of this turn of the event loop. */
  write(write: Write): void;
  /** Commits pending writes and syncs them. */
  flush(): void;
}

interface PieceRow {
  at: number;
  bytes: Uint8Array;
}

const PIECES = 'FROM stream_pieces WHERE app = (SELECT n FROM apps WHERE id = ?) AND stream = ?';
const SIZE = `SELECT at + length(bytes) AS size ${PIECES} ORDER BY at DESC LIMIT 1`;
const PIECES_BETWEEN = `SELECT at, bytes ${PIECES} AND at < ? AND at >= (
  SELECT max(at) ${PIECES} AND at <= ?
) ORDER BY at`;

/** Stores the streams of one app in the SQLite file, in the same commits as the rest of the app. */
export class DiskStreamContent implements StreamContent {
  readonly #appId: string;
  readonly #disk: Disk;
  #statements: { size: SqliteStatement; read: SqliteStatement } | undefined;

  constructor(appId: string, disk: Disk) {
    this.#appId = appId;
    this.#disk = disk;
  }

  size(streamId: string): number {
    this.#disk.flush();
    const row = this.#prepared.size.get(this.#appId, streamId) as { size: number } | undefined | null;
    return row?.size ?? 0;
  }

  append(streamId: string, bytes: Uint8Array): void {
    this.#disk.write((writer) => writer.appendToStream(this.#appId, streamId, bytes));
  }

  read(streamId: string, from: number, limit: number): Uint8Array {
    const stream = [this.#appId, streamId] as const;
    const rows = this.#prepared.read.all(...stream, `${from + limit}`, ...stream, `${from}`) as PieceRow[];
    const begin = from - (rows[0]?.at ?? from);
    return Buffer.concat(rows.map(({ bytes }) => bytes)).subarray(begin, begin + limit);
  }

  delete(streamId: string): void {
    this.#disk.write((writer) => writer.deleteStream(this.#appId, streamId));
  }

  /** Prepared when the first stream is read: most apps have none. */
  get #prepared(): { size: SqliteStatement; read: SqliteStatement } {
    const { database } = this.#disk;
    this.#statements ??= { size: database.prepare(SIZE), read: database.prepare(PIECES_BETWEEN) };
    return this.#statements;
  }
}
