import { type InstantNodeError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { freshKey, open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { runtime } from '../support/runtime.ts';
import { goal } from '../support/schema.ts';

// So many that one call with all of them overflows the stack, where that is small; elsewhere enough for several calls.
const COUNT = runtime === 'node24' || runtime === 'deno' ? 45_000 : 5_000;

describeWithRedis('storage "redis" and very many writes', () => {
  test(`has ${COUNT} that were made offline in one turn, and none once they are delivered`, async () => {
    const server = await startRedis({ appendfsync: 'no' });
    const { address, writes } = await fakeInstant();
    const options = { storage: 'redis', redis: { url: server.url }, instanceKey: freshKey() } as const;
    const network = switchedNetwork(false);
    const db = open(address, { ...options, network });
    const errors: InstantNodeError[] = [];
    db.subscribeErrors((error) => errors.push(error));
    const one = goal(id());
    const results = await Promise.all(
      Array.from({ length: COUNT }, (_, index) => db.transact(one.update({ title: `${index}` }))),
    );
    expect(results.every(({ status }) => status === 'enqueued')).toBe(true);
    expect(Number(server.command('HLEN', server.command('KEYS', '*:records')))).toBeGreaterThan(COUNT);

    network.switch(true);
    await expect.poll(() => db.stats().pendingTransactions, { timeout: 240_000 }).toBe(0);
    await db.close();
    expect(writes.all).toHaveLength(COUNT);

    const again = open(address, options);
    again.subscribeErrors((error) => errors.push(error));
    await again.ready();
    expect(again.pendingTransactions()).toEqual([]);
    await again.transact(one.update({ title: 'after' }));
    expect(writes.all).toHaveLength(COUNT + 1);
    expect(errors).toEqual([]);
  });
});
