import { type InstantNodeError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { follow, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

test.each([401, 403])(
  'a handshake refused with %s is told of once, and tried again when asked for',
  async (status) => {
    const uncaught = takeUncaught();
    let attempts = 0;
    const server = await fakeInstant({ handshake: () => (++attempts < 2 ? status : 'accept') });
    const db = open(server.address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    const message = `The server refused the session: it ended the connection with HTTP status ${status}`;
    await expect(db.ready()).rejects.toMatchObject({ code: 'connection-failed', message });
    expect(db.stats().status).toBe('errored');
    expect(db.connection).toMatchObject({ state: 'refused', retryAt: expect.any(Date) });
    expect(errors.all).toMatchObject([{ message }]);
    db.reconnect();
    await db.ready();
    expect(attempts).toBe(2);
    expect(uncaught.all).toEqual([]);
  },
);

test.each([404, 500])('a handshake refused with %s is told of once, and tried again', async (status) => {
  const uncaught = takeUncaught();
  let attempts = 0;
  const server = await fakeInstant({ handshake: () => (++attempts < 2 ? status : 'accept') });
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  expect(attempts).toBe(2);
  expect(errors.all).toMatchObject([
    { code: 'connection-failed', message: expect.stringContaining(server.websocketURI) },
  ]);
  expect(errors.all[0]?.message).toContain('code 1006');
  expect(uncaught.all).toEqual([]);
});

test('a server that is not there is told of once, and tried again until it is', async () => {
  const uncaught = takeUncaught();
  const absent = await fakeInstant();
  await absent.close();
  const db = open(absent.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  const error = await errors.next();
  expect(error).toMatchObject({ code: 'connection-failed' });
  expect(error.cause).toBeInstanceOf(Error);
  expect(String(error.cause)).toMatch(/connect/);
  await fakeInstant({ port: absent.port });
  await db.ready();
  expect(errors.all).toHaveLength(1);
  expect(uncaught.all).toEqual([]);
});

test('a connection that ends right after it was opened is told of once, and tried again', async () => {
  const uncaught = takeUncaught();
  let attempts = 0;
  const server = await fakeInstant({
    answer(_message, peer, good) {
      attempts++;
      if (attempts >= 3) return good;
      if (attempts === 1) peer.close();
      else peer.destroy();
      return undefined;
    },
  });
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  expect(errors.all).toMatchObject([{ code: 'connection-failed' }]);
  expect(uncaught.all).toEqual([]);
});

test('a connection that is lost later is no error, as it is made anew', async () => {
  const server = await fakeInstant();
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  const goals = follow(db, { goals: {} });
  await goals.next();
  const [peer] = server.peers.all;
  peer?.destroy();
  await server.peers.first((other) => other !== peer);
  await db.queryOnce({ authors: {} });
  expect(errors.all).toEqual([]);
});

test.each(['handshake', 'session'] as const)(
  'a server that leaves the %s without an answer holds up nothing else',
  async (what) => {
    const uncaught = takeUncaught();
    const server = await fakeInstant({
      handshake: () => (what === 'handshake' ? 'ignore' : 'accept'),
      answer: () => undefined,
    });
    const db = open(server.address);
    const goals = follow(db, { goals: {} });
    expect(await db.transact(goal(id()).update({ title: 'Run' }))).toMatchObject({ status: 'enqueued' });
    expect(db.pendingTransactions()).toMatchObject([{ state: 'queued' }]);
    const controller = new AbortController();
    const waiting = db.ready({ signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await db.close({ timeoutMs: 0 });
    expect(goals.all).toEqual([]);
    expect(uncaught.all).toEqual([]);
  },
);

test('what a callback throws surfaces as an uncaught exception and cuts off nobody else', async () => {
  const uncaught = takeUncaught();
  const server = await fakeInstant();
  const db = open(server.address);
  const thrown: Error[] = [];
  const fail = (): never => {
    const error = new Error(`thrown ${thrown.length}`);
    thrown.push(error);
    throw error;
  };
  db.subscribeConnectionStatus(fail);
  db.subscribeAppStatus(fail);
  db.subscribeAuth(fail);
  db.subscribeQuery({ goals: {} }, fail);
  const room = db.joinRoom('chat', 'lobby');
  room.subscribePresence({}, fail);
  const goals = follow(db, { goals: {} });
  expect((await goals.next()).data).toEqual({ goals: [] });
  void db.transact(goal(id()).update({ title: 'Run' }));
  expect((await goals.next()).data?.goals).toHaveLength(1);
  await db.queryOnce({ authors: {} });
  expect(thrown.length).toBeGreaterThan(5);
  await uncaught.first((error) => error === thrown.at(-1));
  expect(new Set(uncaught.all)).toEqual(new Set(thrown));
});
