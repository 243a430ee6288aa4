import { type ConnectionInfo, type InstantNodeError, id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { behindFaults, TRANSPORTS } from '../support/behind-faults.ts';
import { dropSessions } from '../support/fault-proxy/rule.ts';
import { inbox } from '../support/inbox.ts';
import { follow } from '../support/open.ts';
import { connectionOf, QUICK } from '../support/quick-connection.ts';
import { goal } from '../support/schema.ts';

describe.each(TRANSPORTS)('over %s', (kind) => {
  test.each([
    ['takes connections and says nothing', 'silent'],
    ['shakes hands and does not answer the request for a session', 'mute'],
  ] as const)('a server that %s is given up, told of, and tried again', async (_, door) => {
    const { proxy, through } = await behindFaults();
    proxy.door = door;
    const db = through(kind);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    const changes = connectionOf(db);
    const write = db.transact(goal(id()).create({ title: 'Run' }));
    const goals = follow(db, { goals: {} });
    const waiting = await changes.next((info) => info.state === 'waiting' && info.attempt >= 2);
    expect(waiting.lastError).toMatchObject({ code: 'connection-failed' });
    expect(waiting.retryAt).toBeInstanceOf(Date);
    expect(await errors.first()).toMatchObject({ code: 'connection-failed' });
    // Told once, however often it is tried.
    expect(errors.all).toHaveLength(1);
    proxy.heal();
    await goals.first(({ data }) => data?.goals.length === 1);
    await expect.poll(() => db.stats().pendingTransactions).toBe(0);
    expect(['synced', 'enqueued']).toContain((await write).status);
    expect(db.connection).toMatchObject({ state: 'open', attempt: 0 });
  });

  test('retryTransaction() does not wait for a server that says nothing', async () => {
    const { proxy, through } = await behindFaults();
    proxy.door = 'mute';
    const db = through(kind);
    const result = await db.transact(goal(id()).create({ title: 'Run' }));
    const eventId = 'eventId' in result ? String(result.eventId) : '';
    const retried = db.retryTransaction(eventId);
    const changes = connectionOf(db);
    await changes.next(({ state }) => state === 'waiting');
    proxy.heal();
    expect(await retried).toMatchObject({ eventId });
    await expect.poll(() => db.stats().pendingTransactions).toBe(0);
  });
});

test('a server that drops each session once it has accepted it is left alone for longer and longer', async () => {
  const { proxy, through } = await behindFaults();
  proxy.rule = dropSessions;
  // A hundredth of what is normal: sixteen connects in what is a minute then.
  const connection = { ...QUICK, firstRetryMs: 3, maxRetryMs: 300, stableMs: 300 };
  const started = performance.now();
  const db = through('websocket', { connection });
  const closed = inbox<ConnectionInfo>();
  db.subscribeConnection((info) => info.state === 'waiting' && closed.push(info));
  await closed.first(() => proxy.links.all.length >= 17);
  expect(performance.now() - started).toBeGreaterThan(600);
  proxy.heal();
  await db.ready();
});

test('a try that is overdue is not the end of those that come after it', async () => {
  const { proxy, through } = await behindFaults();
  proxy.set('both', { latencyMs: 5_000 });
  const db = through();
  const changes = connectionOf(db);
  await changes.next((info) => info.state === 'waiting' && info.attempt >= 3);
  proxy.heal();
  await changes.next(({ state }) => state === 'open');
  expect(await db.queryOnce({ goals: {} })).toMatchObject({ data: { goals: [] } });
});
