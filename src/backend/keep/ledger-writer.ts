import type { SqliteDatabase, SqliteStatement } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';
import { FULL_BLOCKS, LedgerBlock } from './ledger-block.ts';

interface OpenBlock {
  readonly number: number;
  readonly block: LedgerBlock;
}

/**
 * Writes the ledgers. Entries are batched so that those of one commit write each block once: they are in the file after
 * {@link settle}. Call it only within a database transaction.
 */
export class LedgerWriter {
  readonly #last: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #drop: SqliteStatement;
  readonly #dropAll: SqliteStatement;
  readonly #open = new Map<string, OpenBlock>();
  readonly #changed = new Set<string>();

  constructor(database: SqliteDatabase) {
    this.#last = database.prepare(
      'SELECT block AS number, entries FROM ledger_blocks WHERE app = ? ORDER BY block DESC LIMIT 1',
    );
    this.#put = database.prepare(
      'INSERT INTO ledger_blocks VALUES (?, ?, ?) ON CONFLICT (app, block) DO UPDATE SET entries = excluded.entries',
    );
    this.#drop = database.prepare('DELETE FROM ledger_blocks WHERE app = ? AND block = ?');
    this.#dropAll = database.prepare('DELETE FROM ledger_blocks WHERE app = ?');
  }

  add(app: string, key: LedgerKey, txId: number): void {
    let open = this.#open.get(app) ?? this.#read(app);
    if (open.block.isFull) {
      this.#write(app, open);
      open = { number: open.number + 1, block: new LedgerBlock() };
      this.#drop.run(app, `${open.number - FULL_BLOCKS - 1}`);
    }
    open.block.add(key, txId);
    this.#open.set(app, open);
    this.#changed.add(app);
  }

  /** Writes the batched entries. */
  settle(): void {
    for (const app of this.#changed) {
      const open = this.#open.get(app);
      if (open) this.#write(app, open);
    }
    this.#changed.clear();
  }

  deleteApp(app: string): void {
    this.#open.delete(app);
    this.#dropAll.run(app);
  }

  #write(app: string, { number, block }: OpenBlock): void {
    this.#put.run(app, `${number}`, block.bytes);
  }

  #read(app: string): OpenBlock {
    const row = this.#last.get(app) as { number: number; entries: Uint8Array } | undefined | null;
    return row
      ? { number: row.number, block: new LedgerBlock(row.entries) }
      : { number: 0, block: new LedgerBlock() };
  }
}
