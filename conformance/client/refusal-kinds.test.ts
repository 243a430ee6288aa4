import { once } from 'node:events';
import { openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  InstantAPIError,
  type InstantNodeError,
  id,
  isInstantNodeError,
  isServerRefusal,
} from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { type Address, addressOf, follow, open, serve } from '../support/open.ts';
import { runtime } from '../support/runtime.ts';
import { goal, schema } from '../support/schema.ts';
import { temporaryFolder } from '../support/sqlite.ts';

type Db = ReturnType<typeof open>;

async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('It did not fail'),
    (reason: unknown) => reason,
  );
}

const email = 'ann@example.com';
const file = (): File => new File(['{}'], 'a.txt');

/** Every call of the HTTP API that can be refused. */
const CALLS: Record<string, (db: Db) => Promise<unknown>> = {
  sendMagicCode: (db) => db.auth.sendMagicCode({ email }),
  signInWithMagicCode: (db) => db.auth.signInWithMagicCode({ email, code: '000000' }),
  signInWithToken: (db) => db.auth.signInWithToken('no such token'),
  signInAsGuest: (db) => db.auth.signInAsGuest(),
  signInWithIdToken: (db) => db.auth.signInWithIdToken({ idToken: 'none', clientName: 'google' }),
  exchangeOAuthCode: (db) => db.auth.exchangeOAuthCode({ code: 'none' }),
  uploadFile: (db) => db.storage.uploadFile('a.txt', file()),
  delete: (db) => db.storage.delete('a.txt'),
  upload: (db) => db.storage.upload('a.txt', file()),
  getDownloadUrl: (db) => db.storage.getDownloadUrl('a.txt'),
};

describe('a call of the HTTP API that the server refuses', () => {
  test.each(Object.entries(CALLS))('%s rejects with what others reject with', async (_, call) => {
    const hint = { input: 1, expected: 'perms-pass?' };
    const body = { type: 'permission-denied', message: 'Permission denied', hint };
    const db = open((await fakeInstant({ http: () => ({ status: 403, body }) })).address);
    const reason = await reasonOf(call(db));
    expect(reason).toBeInstanceOf(InstantAPIError);
    expect(reason).toMatchObject({ ...body, status: 403, body, code: 'permission', name: 'InstantAPIError' });
    expect(isServerRefusal(reason, 'permission-denied')).toBe(true);
    expect(isServerRefusal(reason, 'record-not-found')).toBe(false);
  });

  test('has a status and no type where the server gave none', async () => {
    const db = open((await fakeInstant({ http: () => ({ status: 500, body: { oops: true } }) })).address);
    const reason = await reasonOf(db.auth.sendMagicCode({ email }));
    expect(isServerRefusal(reason)).toBe(true);
    expect(reason).toMatchObject({ status: 500, type: undefined, code: undefined, body: { oops: true } });
  });

  test('a wrong magic code and a forbidden upload are told apart by their type', async () => {
    const backend = await serve();
    const db = open(addressOf(backend));
    await db.auth.sendMagicCode({ email });
    const wrong = await reasonOf(db.auth.signInWithMagicCode({ email, code: '000000' }));
    const forbidden = await reasonOf(db.storage.uploadFile('a.txt', file()));
    expect([wrong, forbidden].map((one) => isServerRefusal(one))).toEqual([true, true]);
    expect(isServerRefusal(wrong, 'record-not-found')).toBe(true);
    expect(isServerRefusal(forbidden, 'permission-denied')).toBe(true);
    expect(wrong).toMatchObject({ body: { type: 'record-not-found' }, status: 400 });
  });
});

/** What a sign-in fails with at a server that answers its first words like this. */
async function signInAt(answer: (socket: Socket) => void): Promise<{ reason: unknown; apiURI: string }> {
  const server = createServer((socket) => socket.once('data', () => answer(socket)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const apiURI = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const db = open({ ...(await nowhere()), apiURI });
  const reason = await reasonOf(db.auth.signInAsGuest());
  server.close();
  return { reason, apiURI };
}

/** Where nobody listens. */
async function nowhere(): Promise<Address> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return {
    appId: id(),
    apiURI: `http://127.0.0.1:${port}`,
    websocketURI: `ws://127.0.0.1:${port}/runtime/session`,
  };
}

/** A file that was removed before it is read, as its runtime gives one. */
async function unreadableFile(): Promise<Blob> {
  const path = `${temporaryFolder()}/a.txt`;
  writeFileSync(path, 'abc');
  const { Bun } = globalThis as unknown as { Bun?: { file(path: string): Blob } };
  const blob = Bun ? Bun.file(path) : await openAsBlob(path);
  rmSync(path);
  return blob;
}

describe('a call of the HTTP API that nobody answers', () => {
  // Deno says it in words.
  const refused = runtime === 'deno' ? /Connection refused \(os error \d+\)/ : /ECONNREFUSED/;

  test.each(Object.entries(CALLS))('%s says who did not, and why', async (name, call) => {
    const address = await nowhere();
    const reason = await reasonOf(call(open(address)));
    expect(isInstantNodeError(reason, 'connection-failed')).toBe(true);
    expect(isServerRefusal(reason)).toBe(false);
    const { message, cause, hint } = reason as InstantNodeError;
    if (name === 'upload') expect(message).toContain('Cannot call upload(): no answer from the server');
    else expect(message).toContain(`Cannot call ${name}(): no answer from "${address.apiURI}"`);
    expect(message).toMatch(refused);
    expect(message).not.toMatch(/[?=]|a\.txt/);
    expect(hint).toBeTruthy();
    expect(cause).toBeInstanceOf(Error);
  });

  test('is told the same when the connection is cut before the answer', async () => {
    const { reason, apiURI } = await signInAt((socket) => socket.destroy());
    expect(isInstantNodeError(reason, 'connection-failed')).toBe(true);
    expect((reason as Error).message).toContain(`no answer from "${apiURI}"`);
  });

  // Deno's openAsBlob reads the file at once (seen on 2.9.6).
  test.runIf(runtime !== 'deno')(
    'is not what an upload of a file fails with that cannot be read',
    async () => {
      const backend = await serve();
      const app = backend.createApp({ schema, rules: { $files: { allow: { $default: 'true' } } } });
      const db = open(addressOf(backend, app));
      const reason = await reasonOf(db.storage.uploadFile('a.txt', await unreadableFile()));
      expect(isInstantNodeError(reason)).toBe(false);
      const { cause = reason } = reason as Error;
      expect(cause).toMatchObject(runtime === 'bun' ? { code: 'ENOENT' } : { name: 'NotReadableError' });
    },
  );

  test('is told as `protocol` when the answer is not JSON', async () => {
    const page = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>';
    const { reason, apiURI } = await signInAt((socket) => socket.end(page));
    expect(isInstantNodeError(reason, 'protocol')).toBe(true);
    expect((reason as Error).message).toContain(`"${apiURI}" answered with what is not JSON`);
  });

  test('what was called wrongly stays what it is', async () => {
    const db = open(await nowhere());
    const reason = await reasonOf(Promise.resolve().then(() => db.auth.sendMagicCode(undefined as never)));
    expect(reason).toBeInstanceOf(TypeError);
  });
});

test('a connection that is refused says where it was to go, and why', async () => {
  const address = await nowhere();
  const db = open(address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  const { message, code } = await errors.next();
  expect(code).toBe('connection-failed');
  expect(message).toContain(`"${address.websocketURI}"`);
  expect(message).not.toContain('app_id');
  // Bun's own socket says nothing of why (1.4.5).
  if (runtime !== 'bun') expect(message).toMatch(/ECONNREFUSED/);
});

describe('a session that the server refuses', () => {
  const said = { type: 'record-not-found', message: 'Record not found: app', status: 404 };

  test('is a refusal wherever it is told', async () => {
    const server = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'init' ? refusalOf(message, said) : good),
    });
    const db = open(server.address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    const live = follow(db, { goals: {} });
    const told = [
      await reasonOf(db.ready()),
      await reasonOf(db.queryOnce({ goals: {} })),
      await reasonOf(db.watch({ goals: {} }).next()),
      await reasonOf(db.transact(goal(id()).update({ title: 'x' }))),
      await errors.next(),
      (await live.next()).error,
      (await follow(db, { goals: {} }).next()).error,
    ];
    for (const one of told) {
      expect(one).toMatchObject({ ...said, message: expect.stringContaining(said.message) });
      expect(one).toMatchObject({ code: 'connection-failed' });
      expect(isServerRefusal(one, 'record-not-found')).toBe(true);
    }
    expect(told.slice(0, 5).every((one) => isInstantNodeError(one, 'connection-failed'))).toBe(true);
    expect(told[3]).toMatchObject({ outcome: 'not-applied' });
  });

  test('for now is one too', async () => {
    const busy = { type: 'rate-limited', message: 'Too many sessions', status: 429 };
    const server = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'init' ? refusalOf(message, busy) : good),
    });
    const db = open(server.address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    const told = await errors.next();
    expect(isServerRefusal(told, 'rate-limited')).toBe(true);
    expect(told).toMatchObject({ status: 429, code: 'connection-failed' });
  });
});

/** A server that refuses what `op` asks for. */
async function refusing(op: string): Promise<Db> {
  const said = { type: 'permission-denied', message: 'Permission denied', status: 403 };
  const server = await fakeInstant({
    answer: (message, _peer, good) => (message.op === op ? refusalOf(message, said) : good),
  });
  const db = open(server.address);
  await db.ready();
  return db;
}
const denied = { type: 'permission-denied', status: 403, code: 'permission', message: 'Permission denied' };

test('a stream that may not be read fails for its reader as other refusals do', async () => {
  const db = await refusing('subscribe-stream');
  const reason = await reasonOf(db.streams.createReadStream({ clientId: 'a' }).getReader().read());
  expect(reason).toBeInstanceOf(InstantAPIError);
  expect(reason).toMatchObject(denied);
  expect(isServerRefusal(reason, 'permission-denied')).toBe(true);
});

test('a stream that may not be written fails for its writer as other refusals do', async () => {
  const db = await refusing('start-stream');
  const stream = db.streams.createWriteStream({ clientId: 'a' });
  const reason = await reasonOf(stream.getWriter().write('text'));
  expect(reason).toMatchObject(denied);
  expect(isServerRefusal(reason, 'permission-denied')).toBe(true);
});

test('a stream that a server lacks is refused', async () => {
  const db = open(addressOf(await serve()));
  const reason = await reasonOf(db.streams.createReadStream({ clientId: 'none' }).getReader().read());
  expect(isServerRefusal(reason)).toBe(true);
});

test('a room that may not be joined gives the reason to whoever looks at it, until it may', async () => {
  let isOpen = false;
  const server = await fakeInstant({
    answer: (message, _peer, good) => {
      if (message.op !== 'join-room') return good;
      if (isOpen) return { op: 'join-room-ok', 'room-id': message['room-id'] };
      return refusalOf(message, denied);
    },
  });
  const db = open(server.address);
  await db.ready();
  const slices = inbox<{ error?: unknown; isLoading: boolean }>();
  const room = db.joinRoom('chat', 'lobby');
  room.subscribePresence({}, slices.push);
  const { error } = await slices.first((slice) => slice.error !== undefined);
  expect(error).toMatchObject(denied);
  expect(isServerRefusal(error, 'permission-denied')).toBe(true);
  isOpen = true;
  for (const peer of server.peers.all) peer.send({ op: 'join-room-ok', 'room-id': 'lobby' });
  for (const peer of server.peers.all) peer.send({ op: 'refresh-presence', 'room-id': 'lobby', data: {} });
  const { error: none } = await slices.first(({ isLoading }) => !isLoading);
  expect(none).toBe(undefined);
});

test('a table that may not be synced is told with a refusal', async () => {
  const db = await refusing('start-sync');
  const events = inbox<{ error?: unknown }>();
  db._syncTableExperimental({ goals: {} }, events.push as never);
  const { error } = await events.first((event) => event.error !== undefined);
  expect(error).toMatchObject({ type: 'permission-denied', status: 403 });
  expect(isServerRefusal(error, 'permission-denied')).toBe(true);
});

test('a write that is refused after it was enqueued is told as a refusal', async () => {
  const server = await fakeInstant({
    answer: (message, _peer, good) => (message.op === 'transact' ? refusalOf(message, denied) : good),
  });
  const db = open(server.address, { schema });
  const told = inbox<unknown>();
  db.subscribeTransactionErrors(told.push);
  await db.transact(goal(id()).update({ title: 'x' }));
  const refusal = await told.next();
  expect(refusal).toMatchObject(denied);
  expect(isServerRefusal(refusal, 'permission-denied')).toBe(true);
});
