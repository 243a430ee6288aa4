import { createHash } from 'node:crypto';
import type { SqliteDatabase, SqliteStatement } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { Triple } from '../../protocol/attr.ts';
import { canonicalJson, type JsonValue } from '../../protocol/json.ts';
import type { AppSettings, Commit, NewApp } from '../app/app-persistence.ts';
import type { Change } from '../store/undo-log.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { StreamWriter } from './stream-writer.ts';

const SETTINGS = ['identity', 'status', 'rules', 'initial'] as const satisfies (keyof AppSettings)[];

/** Longer values are identified by their hash. It begins with `#`, which no JSON text does. */
const MAX_KEY_LENGTH = 64;

/** A write to be done in the next commit. */
export type Write = (writer: AppWriter) => void;

/**
 * Writes apps and their transactions to the tables. Call it only within a database transaction, and call {@link settle}
 * last before that ends.
 */
export class AppWriter {
  readonly #streams: StreamWriter;
  readonly #ledger: LedgerWriter;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #numbers = new Map<string, string>();

  constructor(database: SqliteDatabase) {
    this.#statements = prepare(database);
    this.#streams = new StreamWriter(database);
    this.#ledger = new LedgerWriter(database);
  }

  /** Writes what was batched because it changes often. */
  settle(): void {
    this.#ledger.settle();
  }

  createApp({ processedTxId, ...settings }: NewApp): void {
    const { id } = settings.identity;
    this.#statements.createApp.run(id, `${processedTxId}`);
    this.setSettings(id, settings);
    this.#setLastTxId(processedTxId);
  }

  deleteApp(id: string): void {
    const n = this.#numberOf(id);
    if (n === undefined) return;
    for (const statement of this.#statements.deleteApp) statement.run(n);
    this.#ledger.deleteApp(n);
    this.#numbers.delete(id);
  }

  setSettings(id: string, settings: Partial<AppSettings>): void {
    const n = this.#numberOf(id);
    if (n === undefined) return;
    for (const name of SETTINGS) {
      const value = settings[name];
      if (value !== undefined) this.#statements.set[name].run(JSON.stringify(value), n);
    }
  }

  commit(id: string, { txId, changes, key }: Commit): void {
    const n = this.#numberOf(id);
    // A request was in flight when its app was deleted.
    if (n === undefined) return;
    for (const change of changes) this.#apply(n, change);
    if (key) this.#ledger.add(n, key, txId);
    this.#statements.advance.run(`${txId}`, n);
    this.#setLastTxId(txId);
  }

  appendToStream(id: string, streamId: string, bytes: Uint8Array): void {
    const n = this.#numberOf(id);
    if (n !== undefined) this.#streams.append(n, streamId, bytes);
  }

  deleteStream(id: string, streamId: string): void {
    const n = this.#numberOf(id);
    if (n !== undefined) this.#streams.delete(n, streamId);
  }

  /** A value that does not belong to an app; `make` creates it the first time. */
  meta(key: string, make: () => string): string {
    const row = this.#statements.meta.get(key) as { value: string } | undefined | null;
    if (row) return row.value;
    const value = make();
    this.#statements.setMeta.run(key, value);
    return value;
  }

  #setLastTxId(txId: number): void {
    this.#statements.setMeta.run('last-tx-id', `${txId}`);
  }

  #apply(n: string, change: Change): void {
    if (change.kind === 'attr') this.#applyAttr(n, change);
    else if (change.kind === 'add') this.#addTriple(n, change.triple);
    else this.#statements.removeTriple.run(n, change.triple[1], change.triple[0], keyOf(change.triple[2]));
  }

  #applyAttr(n: string, { before, after }: Extract<Change, { kind: 'attr' }>): void {
    if (after) this.#statements.putAttr.run(n, after.id, JSON.stringify(after));
    else if (before) this.#statements.removeAttr.run(n, before.id);
  }

  #addTriple(n: string, [e, a, v, t]: Triple): void {
    this.#statements.addTriple.run(n, a, e, keyOf(v), JSON.stringify(v), `${t}`);
  }

  #numberOf(id: string): string | undefined {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.find.get(id) as { n: number } | undefined | null;
    if (!row) return undefined;
    this.#numbers.set(id, `${row.n}`);
    return `${row.n}`;
  }
}

function keyOf(v: JsonValue): string {
  const text = canonicalJson(v);
  if (text.length <= MAX_KEY_LENGTH) return text;
  return `#${createHash('sha256').update(text).digest('base64')}`;
}

function prepare(database: SqliteDatabase) {
  const sql = (text: string): SqliteStatement => database.prepare(text);
  return {
    find: sql('SELECT n FROM apps WHERE id = ?'),
    createApp: sql('INSERT INTO apps (id, tx_id) VALUES (?, ?)'),
    deleteApp: ['attrs', 'triples', 'stream_pieces']
      .map((table) => sql(`DELETE FROM ${table} WHERE app = ?`))
      .concat(sql('DELETE FROM apps WHERE n = ?')),
    advance: sql('UPDATE apps SET tx_id = ? WHERE n = ?'),
    set: {
      identity: sql('UPDATE apps SET identity = ? WHERE n = ?'),
      status: sql('UPDATE apps SET status = ? WHERE n = ?'),
      rules: sql('UPDATE apps SET rules = ? WHERE n = ?'),
      initial: sql('UPDATE apps SET initial = ? WHERE n = ?'),
    } satisfies Record<keyof AppSettings, SqliteStatement>,
    putAttr: sql('INSERT OR REPLACE INTO attrs VALUES (?, ?, ?)'),
    removeAttr: sql('DELETE FROM attrs WHERE app = ? AND id = ?'),
    addTriple: sql('INSERT OR REPLACE INTO triples VALUES (?, ?, ?, ?, ?, ?)'),
    removeTriple: sql('DELETE FROM triples WHERE app = ? AND a = ? AND e = ? AND key = ?'),
    meta: sql('SELECT value FROM meta WHERE key = ?'),
    setMeta: sql('INSERT OR REPLACE INTO meta VALUES (?, ?)'),
  };
}
