import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { provideBetterSqlite3 } from '../../../conformance/support/better-sqlite3.ts';
import { random } from '../../../conformance/support/random.ts';
import { openSqliteDatabase, type SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { LEDGER_ENTRY_BYTES, LEDGER_LIMIT } from '../ledger/ledger.ts';
import { type LedgerKey, ledgerKey } from '../ledger/ledger-key.ts';
import { createDatabase, FORMAT, openDatabase } from './data-tables.ts';
import { readKeptApps } from './kept-apps.ts';
import { LedgerWriter } from './ledger-writer.ts';

provideBetterSqlite3();

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

let folder: string;
let file: string;
const opened: SqliteDatabase[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'instant-ledger-'));
  file = join(folder, 'instant.sqlite');
});
afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): SqliteDatabase {
  const database = openDatabase(file);
  opened.push(database);
  return database;
}

function addApps(database: SqliteDatabase, ...numbers: number[]): void {
  for (const n of numbers) {
    database.exec(
      `INSERT INTO apps (n, id, tx_id, identity, status, rules, initial) VALUES (${n}, 'app ${n}', 0, '{}', '{}', 'null', '{}')`,
    );
  }
}

function bytesUsed(database: SqliteDatabase): number {
  const pragma = (name: string): number =>
    Number(Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0]);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}

interface Remembered {
  readonly key: LedgerKey;
  readonly txId: number;
}

/** What the apps of a file remember, by their ids. */
function remembered(database: SqliteDatabase): Map<string, readonly Remembered[]> {
  const apps = [...readKeptApps(database)].map((app) => [app, [...app.ledger]] as const);
  return new Map(apps.map(([, ledger], at) => [`${at + 1}`, ledger]));
}

test(`1,000,000 transactions are in the file, at 40 bytes at most, and not many that are forgotten (SEED=${SEED})`, () => {
  createDatabase(file);
  const database = open();
  // What is written is looked at, and not when it is on the disk: each of five thousand commits would wait for that.
  database.exec('PRAGMA synchronous = OFF');
  addApps(database, 1, 2);
  const empty = bytesUsed(database);
  const writer = new LedgerWriter(database);
  const chance = random(SEED);
  const counts = { 1: 0, 2: 0 };
  const keyAt = (app: 1 | 2, n: number): LedgerKey => [app, n, n * 7, 1];
  // Two apps by turns, of which one is busier, with commits of every length.
  while (counts[1] < LEDGER_LIMIT + 30_000) {
    database.exec('BEGIN');
    for (let n = Math.floor(chance() * 400); n >= 0; n--) {
      const app = chance() < 0.9 ? 1 : 2;
      counts[app]++;
      writer.add(`${app}`, keyAt(app, counts[app]), counts[app]);
    }
    writer.settle();
    database.exec('COMMIT');
  }
  const kept = remembered(database);
  const [first = [], second = []] = [kept.get('1'), kept.get('2')];
  expect(second.length).toBe(counts[2]);
  expect(first.length).toBeGreaterThanOrEqual(LEDGER_LIMIT);
  expect(first.length).toBeLessThan(LEDGER_LIMIT + 320);
  const wrong = (app: 1 | 2, entries: readonly Remembered[]): unknown[] => {
    const from = counts[app] - entries.length + 1;
    return entries.filter(({ key, txId }, at) => txId !== from + at || `${key}` !== `${keyAt(app, txId)}`);
  };
  expect(wrong(1, first)).toEqual([]);
  expect(wrong(2, second)).toEqual([]);
  const each = (bytesUsed(database) - empty) / (LEDGER_LIMIT + counts[2]);
  expect(each).toBeLessThan(LEDGER_ENTRY_BYTES);
  if (process.env.MEASURE) process.stdout.write(`${each.toFixed(1)} bytes each\n`);
});

test('goes on where the file ends when it is opened again, and forgets with the app', () => {
  createDatabase(file);
  const add = (writer: LedgerWriter, from: number, to: number): void => {
    for (let n = from; n < to; n++) writer.add('1', [n, 0, 0, 0], n);
    writer.settle();
  };
  let database = open();
  addApps(database, 1);
  // A block that is full, one that is not, and again one that is.
  for (const [from, to] of [
    [0, 160],
    [160, 200],
    [200, 320],
    [320, 321],
  ] as const) {
    add(new LedgerWriter(database), from, to);
    opened.pop()?.close();
    database = open();
    const { length } = remembered(database).get('1') ?? [];
    expect(length).toBe(to);
  }
  expect(
    remembered(database)
      .get('1')
      ?.map(({ txId }) => txId),
  ).toEqual([...Array(321).keys()]);
  new LedgerWriter(database).deleteApp('1');
  expect(remembered(database).get('1')).toEqual([]);
});

test('what a file of format 2 remembers is remembered', () => {
  createDatabase(file);
  const database = openSqliteDatabase(file);
  database.exec(`
    DROP TABLE ledger_blocks;
    CREATE TABLE ledger (
      app INTEGER, client_event_id TEXT, tx_id INTEGER NOT NULL,
      PRIMARY KEY (app, client_event_id)
    ) WITHOUT ROWID;
    PRAGMA user_version = 2;
  `);
  addApps(database, 1, 2);
  const names = Array.from({ length: 700 }, () => crypto.randomUUID());
  const insert = database.prepare('INSERT INTO ledger VALUES (?, ?, ?)');
  database.exec('BEGIN');
  for (const [n, name] of names.entries()) insert.run(n % 7 === 0 ? '2' : '1', name, `${n}`);
  database.exec('COMMIT');
  database.close();
  const kept = remembered(open());
  for (const app of ['1', '2']) {
    const expected = [...names.entries()].filter(([n]) => (n % 7 === 0 ? '2' : '1') === app);
    expect(kept.get(app)).toEqual(expected.map(([txId, name]) => ({ key: ledgerKey(name), txId })));
  }
  expect(FORMAT).toBe(3);
});
