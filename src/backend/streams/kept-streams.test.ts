import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { provideBetterSqlite3 } from '../../../conformance/support/better-sqlite3.ts';
import { random } from '../../../conformance/support/random.ts';
import { openSqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { BackendApp } from '../backend-app.ts';
import { type Backend, startBackend } from '../index.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';

provideBetterSqlite3();

const id = (): string => crypto.randomUUID();
const bytesOf = (text: string): number => Buffer.byteLength(text);

let folder: string;
let backend: Backend;
let app: BackendApp;
const sessions: RawSession[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'instant-streams-'));
  backend = await startBackend({ data: folder });
  app = backend.createApp();
});
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

async function restart(meanwhile: () => void = () => {}): Promise<void> {
  await backend.close();
  meanwhile();
  backend = await startBackend({ data: folder });
  const again = backend.app(app.id);
  if (!again) throw new Error('The app is gone');
  app = again;
}

async function admin(of = app): Promise<RawSession> {
  const session = await RawSession.init(backend, of, { '__admin-token': of.adminToken });
  sessions.push(session);
  return session;
}

const start = (session: RawSession, clientId: string, token: string): Promise<Message> =>
  session.ask({ op: 'start-stream', 'client-id': clientId, 'reconnect-token': token });

/** Writes a stream of the given chunks, one message each, and waits until all have arrived. */
async function write(clientId: string, chunks: readonly string[], rest: JsonObject = {}): Promise<string> {
  const token = id();
  const session = await admin();
  const { 'stream-id': streamId = null, offset: from } = await start(session, clientId, token);
  let offset = Number(from);
  for (const [i, chunk] of chunks.entries()) {
    const isLast = i === chunks.length - 1;
    session.send({
      op: 'append-stream',
      'stream-id': streamId,
      offset,
      chunks: [chunk],
      ...(isLast && rest),
    });
    offset += bytesOf(chunk);
  }
  await session.ask({ op: 'remove-query', q: {} });
  expect(session.pending.filter(({ op }) => op !== 'stream-flushed')).toEqual([]);
  return token;
}

/** Reads a stream until it has got so many bytes, or until its end. */
async function read(clientId: string, bytes = Number.POSITIVE_INFINITY, offset = 0): Promise<string> {
  const session = await admin();
  session.send({ op: 'subscribe-stream', 'client-id': clientId, offset });
  let text = '';
  while (bytesOf(text) < bytes) {
    const message = await session.next();
    expect(message).toMatchObject({ op: 'stream-append', offset: offset + bytesOf(text) });
    text += message.content ?? '';
    if (message.done) break;
  }
  return text;
}

test('a finished stream is there after a restart, and stays finished', async () => {
  const text = `a\u0000${'é😀'.repeat(200_000)}z`;
  const token = await write('one', [text], { done: true, 'abort-reason': 'enough' });
  await restart();
  expect((await read('one')) === text).toBe(true);
  expect(await read('one', undefined, bytesOf(text) - 1)).toBe('z');
  expect(await start(await admin(), 'one', token)).toMatchObject({
    op: 'error',
    message: 'Validation failed for start-stream: Stream is closed.',
  });
});

test('its writer goes on with an unfinished one where the bytes end that have arrived', async () => {
  const token = await write('one', ['abc', 'dé']);
  await restart();
  expect(await start(await admin(), 'one', id())).toMatchObject({
    message: expect.stringContaining('Reconnect token is invalid.'),
  });
  const session = await admin();
  const answer = await start(session, 'one', token);
  expect(answer).toMatchObject({ op: 'start-stream-ok', offset: 6 });
  const { 'stream-id': streamId = null } = answer;
  const reading = read('one');
  session.send({ op: 'append-stream', 'stream-id': streamId, offset: 6, chunks: ['f'], done: true });
  expect(await session.nextOf('stream-flushed')).toMatchObject({ offset: 7, done: true });
  expect(await reading).toBe('abcdéf');
});

test('one that nothing was written to can be begun after a restart', async () => {
  const token = await write('one', []);
  await restart();
  expect(await start(await admin(), 'one', token)).toMatchObject({ op: 'start-stream-ok', offset: 0 });
});

test('chunks of any size, cut anywhere, come back as they were from any offset', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const alphabet = ['a', 'é', '€', '😀', '\u0000', '"'];
  const textOf = (length: number): string =>
    Array.from({ length }, () => alphabet[below(alphabet.length)]).join('');
  const chunks = Array.from({ length: 400 }, () => textOf(below(20) === 0 ? below(90_000) : below(40)));
  await write('one', chunks, { done: true });
  await restart();
  const whole = chunks.join('');
  expect((await read('one')) === whole, `seed ${seed}`).toBe(true);
  for (let i = 0; i < 5; i++) {
    const from = bytesOf([...whole].slice(0, below(whole.length / 2)).join(''));
    const rest = Buffer.from(whole).subarray(from).toString();
    expect((await read('one', undefined, from)) === rest, `seed ${seed}, offset ${from}`).toBe(true);
  }
});

test('many small chunks take few rows', async () => {
  await write('one', Array(2_000).fill('0123456789'), { done: true });
  await backend.close();
  expect(countPieces()).toBeLessThan(20);
  backend = await startBackend({ data: folder });
});

test('goes with its entity, and with its app', async () => {
  await write('one', ['abc']);
  const other = backend.createApp();
  const session = await admin();
  const q = { $streams: {} };
  const { result } = await session.ask({ op: 'add-query', q, 'return-type': 'tree' });
  const [{ id: streamId }] = (result as unknown as { $streams: [{ id: string }] }).$streams;
  const steps = [['delete-entity', streamId, '$streams']];
  expect(await session.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
  await backend.close();
  expect(countPieces()).toBe(0);

  backend = await startBackend({ data: folder });
  app = backend.app(other.id) as BackendApp;
  await write('one', ['abc']);
  const authorization = `Bearer ${backend.personalAccessToken}`;
  await fetch(`${backend.url}/dash/apps/${app.id}`, { method: 'DELETE', headers: { authorization } });
  await backend.close();
  expect(countPieces()).toBe(0);
});

test('the streams of two apps do not meet', async () => {
  const token = await write('one', ['abc'], { done: true });
  const copy = backend.createApp();
  copy.load(app.snapshot());
  const session = await admin(copy);
  expect(await session.ask({ op: 'subscribe-stream', 'client-id': 'one' })).toMatchObject({
    message: 'Validation failed for subscribe-stream: Stream is invalid.',
  });
  expect(await start(session, 'one', token)).toMatchObject({ op: 'error' });
});

test('a folder of the first format is brought to the present one', async () => {
  await restart(() => {
    const database = openSqliteDatabase(join(folder, 'instant.sqlite'));
    database.exec(`DROP TABLE stream_pieces; DROP TABLE ledger_blocks;
      CREATE TABLE ledger (app INTEGER, client_event_id TEXT, tx_id INTEGER NOT NULL, PRIMARY KEY (app, client_event_id)) WITHOUT ROWID;
      PRAGMA user_version = 1`);
    database.close();
  });
  await write('one', ['abc'], { done: true });
  await restart();
  expect(await read('one')).toBe('abc');
});

function countPieces(): number {
  const database = openSqliteDatabase(join(folder, 'instant.sqlite'), { readOnly: true });
  const row = database.prepare('SELECT count(*) AS count FROM stream_pieces').get() as { count: number };
  database.close();
  return row.count;
}
