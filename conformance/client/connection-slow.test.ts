import { id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { behindFaults, TRANSPORTS } from '../support/behind-faults.ts';
import { follow } from '../support/open.ts';
import { QUICK } from '../support/quick-connection.ts';
import { goal } from '../support/schema.ts';

/** Two seconds of the link below, and far more than silence is allowed to last. */
const MEGABYTE = 'x'.repeat(1_000_000);
const SLOW = { bytesPerSecond: 500_000 };
const connection = {
  ...QUICK,
  connectTimeoutMs: 10_000,
  initTimeoutMs: 10_000,
  silenceMs: 300,
  probeTimeoutMs: 200,
};

describe.each(TRANSPORTS)('a slow link is no dead peer, over %s', (kind) => {
  test('when something large goes up', async () => {
    const { proxy, through, direct } = await behindFaults();
    const db = through(kind, { connection });
    await db.ready();
    const before = db.stats().connections;
    const seen = follow(direct(), { goals: {} });
    proxy.set('both', SLOW);
    const write = db.transact(goal(id()).create({ title: MEGABYTE }));
    await seen.first(({ data }) => data?.goals.length === 1);
    expect((await write).status).toBe('synced');
    expect(db.stats().connections).toBe(before);
  });

  test('when something large comes down', async () => {
    const { proxy, through, direct } = await behindFaults();
    const db = through(kind, { connection });
    await db.ready();
    const before = db.stats().connections;
    const goals = follow(db, { goals: {} });
    await goals.first();
    proxy.set('both', SLOW);
    await direct().transact(goal(id()).create({ title: MEGABYTE }));
    await goals.first(({ data }) => data?.goals.length === 1);
    expect(db.stats().connections).toBe(before);
    expect(db.connection.state).toBe('open');
  });

  test('when everything comes in small pieces', async () => {
    const { proxy, through, direct } = await behindFaults();
    proxy.set('both', { chunkBytes: 16 });
    const db = through(kind, { connection: { ...connection, silenceMs: 2_000, probeTimeoutMs: 2_000 } });
    const write = db.transact(goal(id()).create({ title: 'Run' }));
    const seen = follow(direct(), { goals: {} });
    await seen.first(({ data }) => data?.goals.length === 1);
    expect(['synced', 'enqueued']).toContain((await write).status);
    await db.ready();
    expect(await db.queryOnce({ goals: {} })).toMatchObject({ data: { goals: [{ title: 'Run' }] } });
  });
});

test('a write behind a large one is delivered after it, over the same connection', async () => {
  const { proxy, through } = await behindFaults();
  const db = through('websocket', { connection });
  await db.ready();
  proxy.set('up', SLOW);
  const writes = [MEGABYTE, 'small'].map((title) => db.transact(goal(id()).create({ title })));
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(['synced', 'synced']);
  expect(db.stats().connections).toBe(1);
});
