import type { SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { Attr, Triple } from '../../protocol/attr.ts';
import type { KeptApp } from '../app/app-persistence.ts';
import { entriesIn } from './ledger-block.ts';

interface AppRow {
  n: number;
  id: string;
  identity: string;
  status: string;
  tx_id: number;
  rules: string;
  initial: string;
}

interface TripleRow {
  e: string;
  a: string;
  v: string;
  t: number;
}

const READ_AT_ONCE = 10_000;

/** Reads the apps of a file, in the order of their creation. */
export function* readKeptApps(database: SqliteDatabase): Iterable<KeptApp> {
  for (const row of database.prepare('SELECT * FROM apps ORDER BY n').all() as AppRow[]) {
    yield {
      identity: JSON.parse(row.identity),
      status: JSON.parse(row.status),
      processedTxId: row.tx_id,
      rules: JSON.parse(row.rules),
      initial: JSON.parse(row.initial),
      attrs: readAttrs(database, row.n),
      triples: readTriples(database, row.n),
      ledger: readLedger(database, row.n),
    };
  }
}

function readAttrs(database: SqliteDatabase, app: number): Attr[] {
  const rows = database.prepare('SELECT attr FROM attrs WHERE app = ?').all(`${app}`) as { attr: string }[];
  return rows.map(({ attr }) => JSON.parse(attr));
}

/** All triples of an app, page by page, so that rows and triples are never all in memory together. */
function* readTriples(database: SqliteDatabase, app: number): Iterable<Triple> {
  const page = database.prepare(
    `SELECT a, e, key, v, t FROM triples WHERE app = ? AND (a, e, key) > (?, ?, ?) ORDER BY a, e, key LIMIT ${READ_AT_ONCE}`,
  );
  let after: [a: string, e: string, key: string] = ['', '', ''];
  for (;;) {
    const rows = page.all(`${app}`, ...after) as (TripleRow & { key: string })[];
    for (const { e, a, v, t } of rows) yield [e, a, JSON.parse(v), t];
    const last = rows.at(-1);
    if (!last || rows.length < READ_AT_ONCE) return;
    after = [last.a, last.e, last.key];
  }
}

/** The ledger of an app, block by block. */
function* readLedger(database: SqliteDatabase, app: number): KeptApp['ledger'] {
  const next = database.prepare(
    'SELECT block, entries FROM ledger_blocks WHERE app = ? AND block > ? ORDER BY block LIMIT 1',
  );
  let after = -1;
  for (;;) {
    const row = next.get(`${app}`, `${after}`) as { block: number; entries: Uint8Array } | undefined | null;
    if (!row) return;
    yield* entriesIn(row.entries);
    after = row.block;
  }
}
