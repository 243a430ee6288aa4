import { id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { openLoose, row } from '../support/loose.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, open, serveApp } from '../support/open.ts';
import { runtime } from '../support/runtime.ts';
import { goal } from '../support/schema.ts';
import type { Message, Peer } from '../support/socket-server.ts';

/** How many writes may be unanswered. */
const WINDOW = 1_000;
/** A hundred thousand where that takes the least, and fewer where it would only take longer. */
const WRITES = runtime === 'node24' ? 100_000 : 3_000;
const titled = (title: string) => goal(id()).update({ title });

/** A server that answers no write until it is told to. */
async function slowServer() {
  const writes: Message[] = [];
  const answers: (() => void)[] = [];
  const arrived = inbox<Message>();
  const server = await fakeInstant({
    answer(message, peer: Peer, good) {
      if (message.op !== 'transact') return good;
      writes.push(message);
      answers.push(() => peer.send(good));
      arrived.push(message);
      return undefined;
    },
  });
  return { ...server, sent: writes, answers, arrived };
}

const idsOf = (messages: readonly Message[]): unknown[] =>
  messages.map((message) => message['client-event-id']);

/** Leaves `count` writes behind in a store, offline. */
async function leave(address: Parameters<typeof open>[0], count: number, entity?: string) {
  const store = classStore();
  const network = switchedNetwork(false);
  const db = open(address, { storage: store.Store, network });
  await network.listenedTo;
  const results = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      db.transact(goal(entity ?? id()).update({ title: `kept ${index}` })),
    ),
  );
  await db.close();
  return { store, eventIds: results.map(eventIdOf) };
}

describe('what waits', () => {
  test('is sent so many at a time, in order, and more with each answer', async () => {
    const server = await slowServer();
    const { store, eventIds } = await leave(server.address, WINDOW + 500);
    const db = open(server.address, { storage: store.Store });
    await db.ready();
    expect(db.pendingTransactions().map(({ eventId }) => eventId)).toEqual(eventIds);
    await server.arrived.first((message) => message['client-event-id'] === eventIds[WINDOW - 1]);
    expect(db.stats()).toMatchObject({ pendingTransactions: WINDOW + 500, sentTransactions: WINDOW });
    for (const answer of server.answers.splice(0, 10)) answer();
    await server.arrived.first((message) => message['client-event-id'] === eventIds[WINDOW + 9]);
    expect(db.stats()).toMatchObject({ pendingTransactions: WINDOW + 490, sentTransactions: WINDOW });
    expect(idsOf(server.sent)).toEqual(eventIds.slice(0, WINDOW + 10));
    const states = db.pendingTransactions().map(({ state }) => state);
    expect(states).toEqual(states.map((_, index) => (index < WINDOW ? 'sent' : 'queued')));
    expect(db.pendingTransactions().at(-1)?.reason).toBe('Others are sent before');
  });

  test('is sent by bytes as well, and what is larger than all of them by itself', async () => {
    const server = await slowServer();
    const db = open(server.address);
    await db.ready();
    const mebibyte = 'x'.repeat(1_048_576);
    for (const size of [1, 1, 1, 1, 6, 1]) void db.transact(titled(mebibyte.repeat(size)));
    await server.arrived.next();
    // Three, since steps have more in them than the text.
    await expect.poll(() => db.stats().sentTransactions).toBe(3);
    const lengths = () =>
      server.sent.map((message) => Math.floor(JSON.stringify(message).length / 1_048_576));
    for (let answered = 0; answered < 6; answered++) {
      await expect.poll(() => server.answers.length).toBeGreaterThan(0);
      server.answers.shift()?.();
      await expect.poll(() => db.stats().pendingTransactions).toBe(5 - answered);
      expect(db.stats().sentTransactions).toBeLessThanOrEqual(3);
    }
    expect(lengths()).toEqual([1, 1, 1, 1, 6, 1]);
  });

  test('is in the first answer of a live query, all of it, when ready() resolves', async () => {
    const address = await serveApp();
    const { store } = await leave(address, WINDOW + 200);
    const db = open(address, { storage: store.Store });
    const answers = follow(db, { goals: {} });
    await db.ready();
    const { data } = await answers.first();
    expect(data?.goals).toHaveLength(WINDOW + 200);
    await expect.poll(() => db.stats().pendingTransactions).toBe(0);
  });

  test('is sent again in order after the connection was lost, the window first', async () => {
    const server = await slowServer();
    const { store, eventIds } = await leave(server.address, WINDOW + 50);
    const db = open(server.address, { storage: store.Store });
    await server.arrived.first((message) => message['client-event-id'] === eventIds[WINDOW - 1]);
    for (const answer of server.answers.slice(0, 20)) answer();
    await expect.poll(() => db.stats().pendingTransactions).toBe(WINDOW + 30);
    server.sent.length = 0;
    (await server.peers.first()).destroy();
    await expect.poll(() => server.sent.length).toBe(WINDOW);
    expect(idsOf(server.sent)).toEqual(eventIds.slice(20, WINDOW + 20));
  });
});

describe('a write that is made while others wait', () => {
  test('goes to their end, also when it is about the same entity, at each turn', async () => {
    const count = WRITES;
    const entity = id();
    const titles: unknown[] = [];
    const { address } = await fakeInstant({
      answer(message, _, good) {
        if (message.op === 'transact') titles.push((message['tx-steps'] as unknown[][]).at(-1)?.[3]);
        return good;
      },
    });
    const { store } = await leave(address, count, entity);
    const db = open(address, { storage: store.Store });
    const made: string[] = [];
    const writes: Promise<unknown>[] = [];
    await db.ready();
    while (titles.length < count || db.stats().pendingTransactions > 0) {
      if (titles.length < count) {
        made.push(`made ${made.length}`);
        writes.push(db.transact(goal(entity).update({ title: made.at(-1) ?? '' })));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(writes);
    expect(made.length).toBeGreaterThan(5);
    expect(titles).toEqual([...Array.from({ length: count }, (_, index) => `kept ${index}`), ...made]);
  });

  test('has its promise wait for the answer, and no longer than there is a session', async () => {
    const server = await slowServer();
    const db = open(server.address, { storage: classStore().Store });
    await db.ready();
    const writes = Array.from({ length: WINDOW + 2 }, () => db.transact(titled('a')));
    await expect.poll(() => server.answers.length).toBe(WINDOW);
    for (const answer of server.answers) answer();
    await expect.poll(() => server.answers.length).toBe(WINDOW + 2);
    const last = Array.from({ length: WINDOW }, () => db.transact(titled('b')));
    (await server.peers.first()).destroy();
    expect(await last.at(-1)).toMatchObject({ status: 'enqueued' });
    expect(await writes[0]).toMatchObject({ status: 'synced' });
    await expect.poll(() => server.answers.length).toBe(WINDOW + 2 + WINDOW);
    for (const answer of server.answers) answer();
    expect((await Promise.all(writes)).map(({ status }) => status)).toContain('synced');
  });

  test('waits for attributes that a write before it adds, and that nobody has taken yet', async () => {
    const server = await slowServer();
    const db = openLoose(server.address);
    await db.ready();
    const first = db.transact(row('notes', id()).update({ text: 'first' }));
    const second = db.transact(row('notes', id()).update({ text: 'second' }));
    await server.arrived.next();
    expect(db.stats()).toMatchObject({ pendingTransactions: 2, sentTransactions: 1 });
    server.answers.shift()?.();
    expect(await first).toMatchObject({ status: 'synced' });
    await server.arrived.next();
    server.answers.shift()?.();
    expect(await second).toMatchObject({ status: 'synced' });
  });
});

describe('retryTransaction()', () => {
  test('of one that waits for its turn resolves with its answer, and sends it once, in its place', async () => {
    const server = await slowServer();
    const { store, eventIds } = await leave(server.address, WINDOW + 3);
    const db = open(server.address, { storage: store.Store });
    await expect.poll(() => server.answers.length).toBe(WINDOW);
    const retried = db.retryTransaction(String(eventIds.at(-1)));
    for (const answer of server.answers.splice(0)) answer();
    await expect.poll(() => server.answers.length).toBe(3);
    for (const answer of server.answers.splice(0)) answer();
    expect(await retried).toEqual({ status: 'synced', eventId: eventIds.at(-1) });
    expect(idsOf(server.sent)).toEqual(eventIds);
  });

  test('of one that is stuck sends it before what waits', async () => {
    let isBusy = true;
    const answers: (() => void)[] = [];
    const sent: unknown[] = [];
    const { address } = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'transact') return good;
        sent.push(message['client-event-id']);
        if (isBusy) {
          isBusy = false;
          return refusalOf(message, { type: 'rate-limited', message: 'busy' });
        }
        answers.push(() => peer.send(good));
        return undefined;
      },
    });
    const { store, eventIds } = await leave(address, WINDOW + 5);
    const db = open(address, { storage: store.Store });
    db.subscribeTransactionErrors(() => {});
    await expect.poll(() => answers.length).toBe(WINDOW);
    expect(db.pendingTransactions()[0]).toMatchObject({ eventId: eventIds[0], state: 'stuck' });
    const retried = db.retryTransaction(String(eventIds[0]));
    for (const answer of answers.splice(0)) answer();
    await expect.poll(() => answers.length).toBe(5);
    for (const answer of answers.splice(0)) answer();
    expect(await retried).toMatchObject({ status: 'synced' });
    expect(sent[WINDOW + 1]).toBe(eventIds[0]);
  });
});
