import { id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import { slowServer } from '../support/slow-server.ts';

const titled = (title: string) => goal(id()).update({ title });
const bytesOf = (steps: unknown): number => Buffer.byteLength(JSON.stringify(steps));

describe('beyond maxPendingWrites', () => {
  test('a write is rejected with code "queue-full", and nothing of it is applied', async () => {
    const server = await slowServer();
    const db = open(server.address, { connection: { maxPendingWrites: 2 } });
    await db.ready();
    const answers = follow(db, { goals: {} });
    const first = db.transact(titled('a'));
    void db.transact(titled('b')).catch(() => {});
    await expect(db.transact(titled('c'))).rejects.toMatchObject({
      code: 'queue-full',
      message:
        'Cannot take the transaction: 2 wait for the server, and option "connection.maxPendingWrites" is 2',
      hint: expect.stringContaining('whenQueueFull'),
      outcome: 'not-applied',
    });
    expect(db.stats().pendingTransactions).toBe(2);
    await expect.poll(() => server.answers.length).toBe(2);
    server.answers[0]?.();
    expect(await first).toMatchObject({ status: 'synced' });
    const third = db.transact(titled('d'));
    await expect.poll(() => server.answers.length).toBe(3);
    for (const answer of server.answers.slice(1)) answer();
    expect(await third).toMatchObject({ status: 'synced' });
    const titles = answers.all.flatMap(({ data }) => data?.goals ?? []).map(({ title }) => title);
    expect(titles).not.toContain('c');
  });

  test('a write waits with whenQueueFull "wait", in the order of the calls, as it was when it was called', async () => {
    const server = await slowServer();
    const db = open(server.address, { connection: { maxPendingWrites: 1, whenQueueFull: 'wait' } });
    await db.ready();
    const details = { list: ['at the call'] };
    const order: string[] = [];
    const writes = ['a', 'b', 'c', 'd'].map((title) =>
      db.transact(goal(id()).update({ title, details })).then((result) => {
        order.push(title);
        return result;
      }),
    );
    details.list = ['later'];
    for (let sent = 1; sent <= writes.length; sent++) {
      await expect.poll(() => server.answers.length).toBe(sent);
      expect(db.stats().pendingTransactions).toBe(1);
      expect(db.pendingTransactions()).toHaveLength(1);
      server.answers[sent - 1]?.();
    }
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 'synced'));
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a write that waits for room is rejected by close(), and was not made', async () => {
    const server = await slowServer();
    const db = open(server.address, { connection: { maxPendingWrites: 1, whenQueueFull: 'wait' } });
    await db.ready();
    const first = db.transact(titled('a'));
    const waiting = db.transact(titled('b'));
    const closed = db.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed', outcome: 'not-applied' });
    await expect.poll(() => server.answers.length).toBe(1);
    server.answers[0]?.();
    expect(await first).toMatchObject({ status: 'synced' });
    await closed;
    expect(server.writes.all).toHaveLength(1);
  });

  test('writes that the storage kept are loaded, and no new one is made before some are delivered', async () => {
    const server = await slowServer();
    const { Store } = classStore();
    const network = switchedNetwork(false);
    const before = open(server.address, { storage: Store, network });
    await network.listenedTo;
    const kept = await Promise.all(['a', 'b', 'c'].map((title) => before.transact(titled(title))));
    await before.close();
    const db = open(server.address, { storage: Store, connection: { maxPendingWrites: 2 } });
    await db.ready();
    expect(db.pendingTransactions().map(({ eventId }) => eventId)).toEqual(kept.map(eventIdOf));
    await expect(db.transact(titled('d'))).rejects.toMatchObject({ code: 'queue-full' });
    await expect.poll(() => server.answers.length).toBe(3);
    for (const answer of server.answers) answer();
    await expect.poll(() => db.stats().pendingTransactions).toBe(0);
    expect(db.stats().pendingBytes).toBe(0);
  });
});

describe('beyond maxPendingBytes', () => {
  test('a write is rejected with code "queue-full"; one that never fits is so even when others wait', async () => {
    const server = await slowServer();
    const connection = { maxPendingBytes: 2_000, whenQueueFull: 'wait' } as const;
    const db = open(server.address, { connection });
    await db.ready();
    await expect(db.transact(titled('x'.repeat(2_000)))).rejects.toMatchObject({
      code: 'queue-full',
      message: expect.stringContaining('option "connection.maxPendingBytes" is 2000'),
      hint: expect.stringContaining('Split it'),
    });
    const first = db.transact(titled('x'.repeat(1_000)));
    const second = db.transact(titled('y'.repeat(1_000)));
    expect(db.stats().pendingTransactions).toBe(1);
    await expect.poll(() => server.answers.length).toBe(1);
    server.answers[0]?.();
    await first;
    await expect.poll(() => server.answers.length).toBe(2);
    server.answers[1]?.();
    expect(await second).toMatchObject({ status: 'synced' });
  });
});

test('stats() has the bytes of all steps that wait, whatever becomes of their writes', async () => {
  const server = await slowServer();
  const network = switchedNetwork(false);
  const db = open(server.address, { network });
  const agrees = (): void => {
    const steps = db.pendingTransactions().map((write) => bytesOf(write.steps));
    expect(db.stats().pendingBytes).toBe(steps.reduce((sum, bytes) => sum + bytes, 0));
  };
  await network.listenedTo;
  agrees();
  const writes = await Promise.all(['ä', 'x'.repeat(500), '€'].map((title) => db.transact(titled(title))));
  agrees();
  expect(db.stats().pendingBytes).toBeGreaterThan(500);
  await db.discardTransaction(`${eventIdOf(writes[1] ?? { status: 'enqueued', clientId: '' })}`);
  agrees();
  // They now have the server's attributes instead of those that they would have added.
  network.switch(true);
  await expect.poll(() => server.answers.length).toBe(2);
  agrees();
  for (const answer of server.answers) answer();
  await expect.poll(() => db.stats().pendingTransactions).toBe(0);
  expect(db.stats().pendingBytes).toBe(0);
});
