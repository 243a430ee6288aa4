import { randomUUID } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NAMESPACE } from '../namespace.mjs';
import { openCore, openOurs } from './databases.mjs';
import { forCore, heldStore, readHeld, recordOf } from './held-store.mjs';

/** Writes that are made at once while a session is filled. */
const FILL_AT_ONCE = 1_000;
/** What the bare write to the disk writes. */
const DISK_BYTES = 200;

/**
 * @typedef {{ write(): unknown, writeMany?(count: number): unknown, close(): unknown }} Session
 * @typedef {{ folder: string, heldFile: string, redisURL?: string }} Place
 *   `heldFile` holds the pending writes that an earlier process made
 */

/**
 * Opens a session in which so many writes wait already.
 * @param {import('./subjects.mjs').Subject} subject
 * @param {Place} place
 * @param {number} pending
 * @returns {Promise<Session>}
 */
export function openSession(subject, place, pending) {
  const name = `${subject.id}-${pending}-${randomUUID()}`;
  switch (subject.kind) {
    case 'ours':
      return oursSession(subject, { ...place, name }, pending);
    case 'core':
      return coreSession({ ...place, name }, pending);
    case 'bare':
      return bareSession({ ...place, name }, pending);
    case 'disk':
      return diskSession({ ...place, name });
    default:
      throw new RangeError(`There is no subject of kind "${subject.kind}"`);
  }
}

async function oursSession(subject, place, pending) {
  const open = await openOurs(subject, { ...place, appId: randomUUID() });
  const db = open();
  const session = databaseSession(db, async () => {
    await db.close({ timeoutMs: 0 });
    rmSync(join(place.folder, place.name), { recursive: true, force: true });
  });
  for (let left = pending; left > 0; left -= FILL_AT_ONCE) {
    await session.writeMany(Math.min(left, FILL_AT_ONCE));
  }
  const { pendingTransactions } = db.stats();
  if (pendingTransactions !== pending)
    throw new Error(`${pendingTransactions} writes wait instead of ${pending}`);
  return session;
}

/** Core takes a tenth of a second for each write when many wait: it gets those that are there from its store. */
async function coreSession({ name, heldFile }, pending) {
  const { Store } = heldStore(forCore(readHeld(heldFile), pending));
  const db = (await openCore({ appId: randomUUID(), name, Store }))();
  await db._reactor.kv.waitForKeyToLoad('pendingMutations');
  const { size } = db._reactor._pendingMutations();
  if (size !== pending) throw new Error(`${size} writes of core wait instead of ${pending}`);
  return databaseSession(db, () => db.shutdown());
}

function databaseSession(db, close) {
  let writes = 0;
  const write = async () => {
    const note = `Write number ${++writes}`;
    const { status } = await db.transact(db.tx[NAMESPACE][randomUUID()].update({ value: writes, note }));
    if (status !== 'enqueued') throw new Error(`A write ended as "${status}"`);
  };
  return { write, writeMany: (count) => Promise.all(Array.from({ length: count }, write)), close };
}

/** A row for each write, of as many bytes as ours, each as durable. */
async function bareSession({ folder, name, heldFile }, pending) {
  const text = recordOf(readHeld(heldFile));
  const file = join(folder, `${name}.db`);
  const db = openSqlite(file);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL)');
  const insert = db.prepare('INSERT INTO records (key, value) VALUES (?, ?)');
  const write = () => insert.run(randomUUID(), text);
  const writeMany = (count) => {
    db.exec('BEGIN');
    for (let i = 0; i < count; i++) write();
    db.exec('COMMIT');
  };
  writeMany(pending);
  return {
    write,
    writeMany,
    close() {
      db.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    },
  };
}

/** As storage `sqlite` chooses. */
function openSqlite(file) {
  const load = createRequire(import.meta.url);
  let builtIn;
  try {
    builtIn = load('node:sqlite');
  } catch {
    return new (load('better-sqlite3'))(file);
  }
  return new builtIn.DatabaseSync(file);
}

/** What the disk takes for the least that is durable, and nothing else. */
async function diskSession({ folder, name }) {
  const file = join(folder, name);
  const bytes = new Uint8Array(DISK_BYTES).fill(120);
  const fd = openSync(file, 'a');
  return {
    write() {
      writeSync(fd, bytes);
      fdatasyncSync(fd);
    },
    close() {
      closeSync(fd);
      rmSync(file);
    },
  };
}
