import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type ConnectionStatus,
  type InstantNodeError,
  id,
  isInstantNodeError,
  isServerRefusal,
  type TransactionError,
} from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FakeInstant, fakeInstant, refusalOf, resultOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { addressOf, eventIdOf, follow, open, serve } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import { takeUncaught } from '../support/unhandled.ts';

const unknownApp = { type: 'record-not-found', message: 'Record not found: app' };
const goalId = id();

/** A server that refuses the session until it is told to accept it. */
async function refusing(refusal: Parameters<typeof refusalOf>[1] = unknownApp) {
  const state = { refuses: true };
  const server = await fakeInstant({
    answer(message, _peer, good) {
      if (message.op === 'init' && state.refuses) return refusalOf(message, refusal);
      return good?.op === 'add-query-ok' ? { ...good, result: resultOf({ [goalId]: 'there' }) } : good;
    },
  });
  return { server, state };
}

/** A database that has its next try when the test says so, not half a minute later. */
async function openSwitched(server: FakeInstant, options: Parameters<typeof open>[1] = {}) {
  const network = switchedNetwork(false);
  const db = open(server.address, { network, ...options });
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await network.listenedTo;
  const tryAgain = (): void => {
    network.switch(false);
    network.switch(true);
  };
  return { db, errors, tryAgain };
}

const refused = {
  code: 'connection-failed',
  message: expect.stringContaining('Record not found: app'),
};

describe('a session that the server refuses', () => {
  test('ends what waits for it, and is told of once', async () => {
    const uncaught = takeUncaught();
    const { server } = await refusing();
    const { db, errors, tryAgain } = await openSwitched(server);
    const goals = follow(db, { goals: {} });
    const watched = db.watch({ authors: {} }).next();
    const ready = db.ready();
    tryAgain();
    await expect(ready).rejects.toMatchObject(refused);
    await expect(watched).rejects.toMatchObject(refused);
    expect((await goals.next()).error).toMatchObject(refused);
    await expect(db.queryOnce({ goals: {} })).rejects.toMatchObject(refused);
    await expect(db.watch({ goals: {} }).next()).rejects.toMatchObject(refused);
    expect((await follow(db, { goals: {} }).next()).error).toMatchObject(refused);
    expect(isServerRefusal(goals.all[0]?.error, 'record-not-found')).toBe(true);
    tryAgain();
    await (await server.peers.first((peer) => peer !== server.peers.all[0])).gone;
    expect(errors.all).toMatchObject([refused]);
    expect(db.stats().status).toBe('errored');
    expect(goals.all).toHaveLength(1);
    expect(uncaught.all).toEqual([]);
  });

  test('in memory, writes reject, and those that were acknowledged are told of as kept', async () => {
    const { server, state } = await refusing();
    const { db, tryAgain } = await openSwitched(server);
    const told = inbox<TransactionError>();
    db.subscribeTransactionErrors(told.push);
    const kept = eventIdOf(await db.transact(goal(id()).update({ title: 'kept' })));
    tryAgain();
    expect(await told.next()).toMatchObject({ eventId: kept, type: 'connection-failed', isKept: true });
    const later = db.transact(goal(id()).update({ title: 'later' }));
    await expect(later).rejects.toSatisfy((error) => isInstantNodeError(error, 'connection-failed'));
    expect(db.pendingTransactions()).toMatchObject([{ eventId: kept, reason: refused.message }]);
    tryAgain();
    await (await server.peers.first((peer) => peer !== server.peers.all[0])).gone;
    state.refuses = false;
    tryAgain();
    await server.writes.first();
    expect(server.writes.all).toEqual([kept]);
    expect(told.all).toHaveLength(1);
  });

  test('a storage that outlives the process keeps writes as enqueued', async () => {
    const { server, state } = await refusing();
    const storagePath = `${temporaryFolder()}/data`;
    const { db, errors, tryAgain } = await openSwitched(server, { storage: 'filesystem', storagePath });
    const told = inbox<TransactionError>();
    db.subscribeTransactionErrors(told.push);
    tryAgain();
    await errors.next();
    const written = await db.transact(goal(id()).update({ title: 'kept' }));
    expect(written.status).toBe('enqueued');
    state.refuses = false;
    tryAgain();
    expect(await server.writes.next()).toBe(eventIdOf(written));
    expect(told.all).toEqual([]);
  });

  test('is asked for again, and all recovers when it is accepted', async () => {
    const { server, state } = await refusing();
    const { db, errors, tryAgain } = await openSwitched(server);
    const goals = follow(db, { goals: {} });
    const statuses = inbox<ConnectionStatus>();
    db.subscribeConnectionStatus(statuses.push);
    tryAgain();
    await goals.next(({ error }) => error !== undefined);
    expect(statuses.all).toEqual(['opened', 'errored']);
    state.refuses = false;
    tryAgain();
    await goals.next(({ data }) => data?.goals[0]?.title === 'there');
    await db.ready();
    expect(statuses.all).toEqual(['opened', 'errored', 'authenticated']);
    expect(await db.transact(goal(id()).update({ title: 'x' }))).toMatchObject({ status: 'synced' });
    expect((await db.queryOnce({ goals: {} })).data.goals).toHaveLength(2);
    expect(errors.all).toHaveLength(1);
    state.refuses = true;
    server.peers.all.at(-1)?.destroy();
    await statuses.next((status) => status === 'errored');
    await statuses.next((status) => status === 'errored');
    expect(errors.all).toMatchObject([refused, refused]);
  });

  test('a change of user asks again at once', async () => {
    const server = await fakeInstant({
      http: () => ({ status: 200, body: { user: { id: id(), refresh_token: 'b' } } }),
      answer: (message, _peer, good) =>
        message.op === 'init' && !message['refresh-token'] ? refusalOf(message, unknownApp) : good,
    });
    const db = open(server.address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    await errors.next();
    await db.auth.signInWithToken('b');
    expect(db.stats().status).toBe('authenticated');
    await db.ready();
  });

  test('as a real server refuses an unknown app or a wrong admin token', async () => {
    const backend = await serve();
    const address = addressOf(backend);
    for (const options of [{ appId: id() }, { adminToken: 'none of this app' }]) {
      const db = open({ ...address, ...('appId' in options ? options : {}) }, options);
      const errors = inbox<InstantNodeError>();
      db.subscribeErrors(errors.push);
      expect(await errors.next()).toMatchObject({ code: 'connection-failed' });
      const write = db.transact(goal(id()).update({ title: 'x' }));
      await expect(write).rejects.toMatchObject({ code: 'connection-failed' });
      expect(JSON.stringify([errors.all, String(errors.all)])).not.toContain('none of this app');
    }
  });
});

describe('a session that the server cannot accept for now', () => {
  test.each([
    ['its own failure', { status: 500, message: 'Yikes, something broke on our end!' }],
    ['a typed failure', { status: 500, type: 'sql-exception', message: 'Yikes' }],
    ['a timeout', { status: 500, type: 'timeout', message: 'Timeout' }],
    ['a full house', { status: 429, type: 'rate-limited', message: 'Too many requests' }],
  ])('is asked for again: %s', async (_, refusal) => {
    const { server, state } = await refusing(refusal);
    const db = open(server.address, { adminToken: 'the-secret' });
    const errors = inbox<InstantNodeError>();
    const statuses = inbox<ConnectionStatus>();
    db.subscribeErrors(errors.push);
    db.subscribeConnectionStatus(statuses.push);
    const ready = db.ready();
    await server.peers.first((peer) => peer !== server.peers.all[0]);
    state.refuses = false;
    await ready;
    expect(errors.all).toMatchObject([
      { code: 'connection-failed', message: expect.stringContaining(refusal.message) },
    ]);
    expect(JSON.stringify(errors.all.map(({ cause }) => cause))).not.toContain('the-secret');
    expect(statuses.all).not.toContain('errored');
  });
});

test('a socket that cannot send is told of once, with the cause, and renewed', async () => {
  // By its path: on Bun the name gives a class of Bun's own.
  const load = createRequire(import.meta.url);
  const PackageSocket = load(join(dirname(load.resolve('ws/package.json')), 'index.js')) as typeof WebSocket;
  const prototypes = [PackageSocket.prototype, globalThis.WebSocket?.prototype].filter(
    (it) => it !== undefined,
  );
  const before = prototypes.map((prototype) => prototype.send);
  const cause = new TypeError('mask is not a function');
  let count = 0;
  const restore = (): void => {
    for (const [index, prototype] of prototypes.entries()) prototype.send = before[index] as never;
  };
  onTestFinished(restore);
  for (const prototype of prototypes) {
    prototype.send = () => {
      if (++count === 2) restore();
      throw cause;
    };
  }
  const server = await fakeInstant();
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  expect(count).toBe(2);
  expect(errors.all).toMatchObject([{ code: 'connection-failed', cause }]);
});
