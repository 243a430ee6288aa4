import { type InstantNodeError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, freshKey, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

// Far more calls than the scenario makes: the sweep ends with a run in which nothing failed.
const MAX_CALLS = 200;

/** Writes ten times without a network, in one go and one by one, and says which writes were acknowledged and refused. */
async function writeTen(
  store: ReturnType<typeof classStore>,
  address: Awaited<ReturnType<typeof fakeInstant>>['address'],
) {
  const network = switchedNetwork(false);
  const db = open(address, { network, storage: store.Store, instanceKey: freshKey() });
  db.subscribeErrors(() => {});
  await network.listenedTo;
  const acknowledged: unknown[] = [];
  const refusals: InstantNodeError[] = [];
  const write = async (): Promise<void> => {
    try {
      acknowledged.push(eventIdOf(await db.transact(goal(id()).update({ title: 'Run' }))));
    } catch (error) {
      refusals.push(error as InstantNodeError);
    }
  };
  await Promise.all(Array.from({ length: 5 }, write));
  for (let count = 0; count < 5; count++) await write();
  // What could not be saved then either was told by an error before.
  await db.close().catch(() => {});
  return { acknowledged, refusals };
}

for (const when of ['before', 'after'] as const) {
  test(`whichever call of a storage fails, ${when} it did its work, what was acknowledged is there in order, and what was refused is not`, async () => {
    const uncaught = takeUncaught();
    const server = await fakeInstant();
    let n = 1;
    for (; n < MAX_CALLS; n++) {
      const store = classStore();
      store.failCall(n, when);
      const { acknowledged, refusals } = await writeTen(store, server.address);
      const isClean = !store.hasFailed;
      store.failCall(0, when);
      expect(acknowledged.length + refusals.length).toBe(10);
      for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'storage' });
      const network = switchedNetwork(false);
      const again = open(server.address, { network, storage: store.Store, instanceKey: freshKey() });
      await again.getLocalId('loaded');
      expect(again.pendingTransactions().map(({ eventId }) => eventId)).toEqual(acknowledged);
      await again.close();
      if (isClean) break;
    }
    expect(n).toBeGreaterThan(5);
    expect(n).toBeLessThan(MAX_CALLS);
    expect(uncaught.all).toEqual([]);
  });
}
