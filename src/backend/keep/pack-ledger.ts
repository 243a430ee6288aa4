import type { SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import { LedgerWriter } from './ledger-writer.ts';

const BLOCKS = `
  CREATE TABLE ledger_blocks (
    app INTEGER, block INTEGER, entries BLOB NOT NULL,
    PRIMARY KEY (app, block)
  );
`;

interface LedgerRow {
  app: number;
  id: string;
  tx_id: number;
}

/**
 * Packs ledgers into blocks: with one row per entry, they took twice the space that a million entries may. Each block
 * fits a page, and deleting one moves no other. A fixed number of blocks holds exactly what an app may remember.
 */
export function packLedger(database: SqliteDatabase): void {
  database.exec(BLOCKS);
  const writer = new LedgerWriter(database);
  const rows = database
    .prepare('SELECT app, client_event_id AS id, tx_id FROM ledger ORDER BY app, tx_id')
    .all() as LedgerRow[];
  for (const { app, id, tx_id } of rows) {
    const key = ledgerKey(id);
    if (key) writer.add(`${app}`, key, tx_id);
  }
  writer.settle();
  database.exec('DROP TABLE ledger');
}
