import { type ConnectionStatus, id, type TransactionError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, open, serve } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import type { Message } from '../support/socket-server.ts';

const run = () => goal(id()).update({ title: 'Run' });

describe('a write that the server refuses for a reason that may pass, after "enqueued"', () => {
  const reasons: [string, { type?: string; status?: number; message: string }][] = [
    ['too slow', { type: 'operation-timed-out', message: 'Operation timed out' }],
    ['too busy', { type: 'rate-limited', message: 'Too many requests' }],
    ['read-only', { type: 'app-read-only', message: 'This app is in read-only mode.' }],
    ['broken', { status: 500, message: 'Yikes' }],
  ];

  test.each(reasons)(
    'is kept, told as kept, and sent again by retryTransaction(): %s',
    async (_, refusal) => {
      const network = switchedNetwork(false);
      let isRefusing = true;
      const { address } = await fakeInstant({
        answer: (message, _peer, good) =>
          message.op === 'transact' && isRefusing ? refusalOf(message, refusal) : good,
      });
      const db = open(address, { network });
      const errors = inbox<TransactionError>();
      db.subscribeTransactionErrors(errors.push);
      await network.listenedTo;
      const result = await db.transact(run());
      network.switch(true);
      expect(await errors.next()).toMatchObject({
        eventId: eventIdOf(result),
        message: refusal.message,
        isKept: true,
      });
      expect(db.pendingTransactions()).toMatchObject([
        { eventId: eventIdOf(result), state: 'stuck', reason: expect.stringContaining(`${refusal.message}`) },
      ]);
      isRefusing = false;
      const again = await db.retryTransaction(`${eventIdOf(result)}`);
      expect(again).toEqual({ status: 'synced', eventId: eventIdOf(result) });
      expect(db.pendingTransactions()).toEqual([]);
    },
  );

  test('rejects for whoever retries it, and is gone then', async () => {
    const network = switchedNetwork(false);
    const { address } = await fakeInstant({
      answer: (message, _peer, good) =>
        message.op === 'transact' ? refusalOf(message, { type: 'rate-limited', message: 'Busy' }) : good,
    });
    const db = open(address, { network });
    const errors = inbox<TransactionError>();
    db.subscribeTransactionErrors(errors.push);
    await network.listenedTo;
    const eventId = `${eventIdOf(await db.transact(run()))}`;
    network.switch(true);
    await errors.next();
    await expect(db.retryTransaction(eventId)).rejects.toThrow('Busy');
    expect(db.pendingTransactions()).toEqual([]);
  });

  test('is sent again with the next session, and when an app that was read-only takes writes again', async () => {
    const backend = await serve();
    const app = backend.createApp();
    const network = switchedNetwork(false);
    const db = open({ appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI }, { network });
    const errors = inbox<TransactionError>();
    db.subscribeTransactionErrors(errors.push);
    await network.listenedTo;
    await db.transact(run());
    app.setStatus('read-only');
    network.switch(true);
    expect(await errors.next()).toMatchObject({ type: 'app-read-only', isKept: true });
    app.setStatus('active');
    const other = open({ appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI });
    await follow(other, { goals: {} }).next(({ data }) => data?.goals.length === 1);
  });

  test('does not hold up close()', async () => {
    const network = switchedNetwork(false);
    const { address } = await fakeInstant({
      answer: (message, _peer, good) =>
        message.op === 'transact' ? refusalOf(message, { type: 'timeout', message: 'Slow' }) : good,
    });
    const db = open(address, { network });
    const errors = inbox<TransactionError>();
    db.subscribeTransactionErrors(errors.push);
    await network.listenedTo;
    await db.transact(run());
    network.switch(true);
    await errors.next();
    await db.close({ timeoutMs: 1_000_000 });
  });
});

describe('discardTransaction()', () => {
  test('takes the local change back, sends the write no more, and forgets it in the storage', async () => {
    const network = switchedNetwork(false);
    const { address, writes: received } = await fakeInstant();
    const store = classStore();
    const db = open(address, { network, storage: store.Store });
    await network.listenedTo;
    const [first, second] = [await db.transact(run()), await db.transact(run())];
    const eventId = `${eventIdOf(first)}`;
    expect(store.keysWith(eventId)).toHaveLength(1);
    expect(await db.discardTransaction(eventId)).toBe(true);
    expect(store.keysWith(eventId)).toHaveLength(0);
    expect(await db.discardTransaction(eventId)).toBe(false);
    expect(db.pendingTransactions()).toMatchObject([{ eventId: eventIdOf(second) }]);
    network.switch(true);
    expect(await received.next()).toBe(eventIdOf(second));
  });

  test('rejects the promise of a write that waits for its answer', async () => {
    const { address } = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'transact' ? undefined : good),
    });
    const db = open(address);
    await db.ready();
    const write = db.transact(run());
    const [pending] = db.pendingTransactions();
    expect(pending).toMatchObject({ state: 'sent', reason: 'The server has not answered yet' });
    const isRejected = expect(write).rejects.toMatchObject({ code: 'discarded', outcome: 'unknown' });
    expect(await db.discardTransaction(`${pending?.eventId}`)).toBe(true);
    await isRejected;
  });

  test('is how to get past a write that the server cannot take at all', async () => {
    const { address } = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'transact' || !JSON.stringify(message).includes('poison')) return good;
        peer.destroy();
        return undefined;
      },
    });
    const db = open(address);
    await db.ready();
    const poison = db.transact(goal(id()).update({ title: 'poison' }));
    const isRejected = expect(poison).rejects.toMatchObject({ code: 'discarded' });
    const statuses = inbox<ConnectionStatus>();
    db.subscribeConnectionStatus(statuses.push);
    await statuses.next((status) => status === 'closed');
    const [pending] = db.pendingTransactions();
    expect(pending).toMatchObject({ state: 'unknown' });
    await db.discardTransaction(`${pending?.eventId}`);
    await isRejected;
    expect(await db.transact(run())).toMatchObject({ status: expect.stringMatching(/synced|enqueued/) });
    await db.ready();
  });
});

describe('retryTransaction()', () => {
  test('connects at once, without waiting for the end of the delay', async () => {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    // As if it had failed many times.
    db._reactor._reconnectTimeoutMs = 9_000;
    const statuses = inbox<ConnectionStatus>();
    db.subscribeConnectionStatus(statuses.push);
    (await server.peers.first()).destroy();
    await statuses.next((status) => status === 'closed');
    const { status, ...result } = await db.transact(run());
    expect(status).toBe('enqueued');
    await db.retryTransaction(`${eventIdOf({ status, ...result } as never)}`);
    await statuses.next((now) => now === 'authenticated');
    expect(db.stats().connections).toBe(2);
  });

  test('sends a write that waits for its answer no second time over the same connection', async () => {
    const received = inbox<Message>();
    const { address } = await fakeInstant({
      answer(message, _peer, good) {
        if (message.op === 'transact') received.push(message);
        return message.op === 'transact' && received.all.length === 1 ? undefined : good;
      },
    });
    const db = open(address);
    await db.ready();
    void db.transact(run()).catch(() => {});
    const first = await received.next();
    const retried = db.retryTransaction(`${first['client-event-id']}`);
    retried.catch(() => {});
    await db.transact(run());
    expect(received.all.map((message) => message['client-event-id'])).toEqual([
      first['client-event-id'],
      received.all[1]?.['client-event-id'],
    ]);
    expect(received.all).toHaveLength(2);
  });

  test('rejects with code "not-pending" for what does not wait', async () => {
    const { address } = await fakeInstant();
    const db = open(address);
    await db.ready();
    const result = await db.transact(run());
    for (const eventId of [`${eventIdOf(result)}`, id(), '']) {
      await expect(db.retryTransaction(eventId)).rejects.toMatchObject({ code: 'not-pending' });
    }
  });
});
