import { type InstantNodeError, id, init, type TransactionError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, freshKey, open } from '../support/open.ts';
import { goal, schema } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

const run = () => goal(id()).update({ title: 'Run' });
const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

/** Whether a promise has settled, once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

/** A database without a network, over a store that a test can hold up and let fail. */
async function openOffline() {
  const network = switchedNetwork(false);
  const { address } = await fakeInstant();
  const store = classStore();
  const db = open(address, { network, storage: store.Store });
  await network.listenedTo;
  return { address, network, store, db };
}

describe('with a storage that outlives the process', () => {
  test('a promise resolves as "enqueued" only once the storage has the write', async () => {
    const { db, store } = await openOffline();
    await db.transact(run());
    const release = store.hold();
    const write = db.transact(run());
    expect(await isSettled(write)).toBe(false);
    release();
    expect(await write).toMatchObject({ status: 'enqueued' });
    expect(store.keysWith(eventIdOf(await write))).toHaveLength(1);
  });

  test('with durability "relaxed" it resolves before', async () => {
    const network = switchedNetwork(false);
    const { address } = await fakeInstant();
    const store = classStore();
    const db = open(address, { network, storage: store.Store, durability: 'relaxed' });
    await network.listenedTo;
    const release = store.hold();
    expect(await db.transact(run())).toMatchObject({ status: 'enqueued' });
    release();
  });

  test('"synced" waits for no storage, and a write that is answered at once never gets there', async () => {
    const { address } = await fakeInstant();
    const store = classStore();
    const db = open(address, { storage: store.Store });
    await db.ready();
    const release = store.hold();
    const results = await Promise.all([db.transact(run()), db.transact(run())]);
    release();
    expect(results.map(({ status }) => status)).toEqual(['synced', 'synced']);
    await db.close();
    for (const result of results) {
      expect(store.keysWith(eventIdOf(result))).toEqual([]);
    }
  });

  test('1,000 writes in flight are saved together', async () => {
    const { db, store } = await openOffline();
    await db.transact(run());
    const before = store.saves;
    await Promise.all(Array.from({ length: 1_000 }, () => db.transact(run())));
    expect(store.saves - before).toBeLessThan(20);
  });

  test('a write that the storage does not take is refused, and taken back', async () => {
    const { address, network, db, store } = await openOffline();
    const kept = await db.transact(run());
    store.fail(full);
    const refused = db.transact(run());
    await expect(refused).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('Cannot keep the transaction'),
      cause: expect.anything(),
      outcome: 'not-applied',
    });
    expect(db.pendingTransactions()).toMatchObject([{ eventId: eventIdOf(kept) }]);
    store.fail(undefined);
    const later = await db.transact(run());
    expect(db.pendingTransactions().map(({ eventId }) => eventId)).toEqual([
      eventIdOf(kept),
      eventIdOf(later),
    ]);
    await db.close();
    const again = open(address, { network, storage: store.Store, instanceKey: freshKey() });
    await again.getLocalId('loaded');
    expect(again.pendingTransactions().map(({ eventId }) => eventId)).toEqual([
      eventIdOf(kept),
      eventIdOf(later),
    ]);
  });

  test('a write that was sent is not refused for a storage that fails: the server may have it', async () => {
    let answer = (): void => {};
    const { address } = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'transact') return good;
        answer = () => peer.send(good);
        return undefined;
      },
    });
    const store = classStore();
    const db = open(address, { storage: store.Store });
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    await db.ready();
    store.fail(full);
    const write = db.transact(run());
    expect(await errors.next()).toMatchObject({ code: 'storage' });
    expect(db.pendingTransactions()).toHaveLength(1);
    answer();
    expect(await write).toMatchObject({ status: 'synced' });
    store.fail(undefined);
  });

  test('a storage that fails for a while crashes nothing, is reported once, and has everything afterwards', async () => {
    const uncaught = takeUncaught();
    const user = { id: id(), email: 'ann@example.com', refresh_token: 'token-1' };
    const { address } = await fakeInstant({ http: () => ({ status: 200, body: { user } }) });
    const store = classStore();
    const db = open(address, { storage: store.Store });
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    await db.ready();
    store.fail(full);
    await db.auth.signInWithToken('token-1');
    follow(db, { goals: {} });
    expect(await errors.next()).toMatchObject({ code: 'storage', cause: expect.anything() });
    expect(await db.getAuth()).toEqual(user);
    store.fail(undefined);
    await db.close();
    expect(JSON.parse(store.held.get('kv:currentUser') ?? '')).toEqual(user);
    expect(errors.all.filter(({ message }) => message.includes('Cannot save'))).toHaveLength(1);
    expect(uncaught.all).toEqual([]);
  });

  test('close() rejects with code "storage" when what is left cannot be saved', async () => {
    const { address } = await fakeInstant();
    const store = classStore();
    const db = init({ ...address, schema, storage: store.Store });
    db.subscribeErrors(() => {});
    await follow(db, { goals: {} }).next();
    store.fail(full);
    await expect(db.close()).rejects.toMatchObject({ cause: full });
  });

  test('what core kept as one value is taken over, in order', async () => {
    const { address, writes: received } = await fakeInstant();
    const store = classStore();
    const steps = [['add-triple', id(), id(), 'Run']];
    const entry = (eventId: string, order: number): unknown => [
      eventId,
      { op: 'transact', 'tx-steps': steps, created: 1, order },
    ];
    const [one, two, three] = [id(), id(), id()];
    (store.held as Map<string, string>).set(
      'kv:pendingMutations',
      JSON.stringify([entry(two, 2), entry(three, 3), entry(one, 1)]),
    );
    const db = open(address, { storage: store.Store });
    await db.ready();
    const last = await db.transact(run());
    expect(received.all).toEqual([one, two, three, eventIdOf(last)]);
    await db.close();
    expect(store.held.has('kv:pendingMutations')).toBe(false);
    expect(store.keysWith('pendingMutation:')).toEqual([]);
  });

  test('what is no queue of core’s is reported and left as it is, and the database goes on', async () => {
    const { address } = await fakeInstant();
    for (const kept of ['not JSON', '{}', '[["a"]]']) {
      const store = classStore();
      (store.held as Map<string, string>).set('kv:pendingMutations', JSON.stringify(kept));
      (store.held as Map<string, string>).set('kv:pendingMutation:x', JSON.stringify({ op: 'transact' }));
      const db = open(address, { storage: store.Store, instanceKey: freshKey() });
      const errors = inbox<InstantNodeError>();
      db.subscribeErrors(errors.push);
      expect((await errors.next()).message).toContain('pendingMutations');
      expect((await errors.next()).message).toContain('"x"');
      await db.ready();
      expect(await db.transact(run())).toMatchObject({ status: 'synced' });
      await db.close();
      expect(JSON.parse(store.held.get('kv:pendingMutations') ?? '')).toBe(kept);
    }
  });

  test('a class that is given an encryptionKey later keeps everything, and nothing readable', async () => {
    const user = { id: id(), email: 'ann@example.com', refresh_token: 'token-in-plain-sight' };
    const server = await fakeInstant({ http: () => ({ status: 200, body: { user } }) });
    const store = classStore();
    const network = switchedNetwork(false);
    const first = open(server.address, { storage: store.Store, network });
    await network.listenedTo;
    await first.auth.signInWithToken(user.refresh_token);
    const localId = await first.getLocalId('device');
    const result = await first.transact(goal(id()).update({ title: 'A plain title' }));
    await first.close();
    expect([...store.held.values()].join()).toContain('A plain title');

    const sealed = { storage: store.Store, network, encryptionKey: new Uint8Array(32).fill(7) };
    for (const instanceKey of [freshKey(), freshKey()]) {
      // One scope of the class, whatever the instance key: it knows the app alone.
      const db = open(server.address, { ...sealed, instanceKey: '', __extraDedupeKey: instanceKey } as never);
      expect(await db.getAuth()).toEqual(user);
      expect(await db.getLocalId('device')).toBe(localId);
      expect(db.pendingTransactions()).toMatchObject([{ eventId: eventIdOf(result) }]);
      await db.close();
      for (const secret of ['A plain title', user.refresh_token, user.email]) {
        expect([...store.held.values()].join()).not.toContain(secret);
      }
    }
  });

  test('a refusal of a write that an earlier process made is told to who subscribes after init()', async () => {
    const hint = { input: ['goals', 'object'] };
    const server = await fakeInstant({
      answer: (message, _peer, good) =>
        message.op === 'transact'
          ? refusalOf(message, { type: 'permission-denied', message: 'Permission denied', hint })
          : good,
    });
    const store = classStore();
    const offline = switchedNetwork(false);
    const first = open(server.address, { storage: store.Store, network: offline });
    await offline.listenedTo;
    const title = 'Run';
    const result = await first.transact(goal(id()).update({ title }));
    await first.close();
    const second = open(server.address, { storage: store.Store, instanceKey: freshKey() });
    const errors = inbox<TransactionError>();
    second.subscribeTransactionErrors(errors.push);
    expect(await errors.next()).toMatchObject({
      eventId: eventIdOf(result),
      type: 'permission-denied',
      hint,
      isKept: false,
      steps: expect.arrayContaining([['add-triple', expect.any(String), expect.any(String), title]]),
    });
    await second.close();
    expect(store.keysWith(eventIdOf(result))).toEqual([]);
  });

  test('writes made before the storage was read come after those that it kept', async () => {
    const server = await fakeInstant();
    const received = server.writes;
    const store = classStore();
    const offline = switchedNetwork(false);
    const first = open(server.address, { storage: store.Store, network: offline });
    await offline.listenedTo;
    const kept = [await first.transact(run()), await first.transact(run())];
    await first.close();
    const second = open(server.address, { storage: store.Store, instanceKey: freshKey() });
    const early = [second.transact(run()), second.transact(run())];
    const results = [...kept, ...(await Promise.all(early))];
    await received.first((eventId) => eventId === eventIdOf(results[3] as never));
    expect(received.all).toEqual(results.map(eventIdOf));
  });
});

test('a write that JSON cannot hold rejects, and holds up nothing', async () => {
  const { address } = await fakeInstant();
  const db = open(address, { disableValidation: true });
  await expect(db.transact(goal(id()).update({ title: 1n as never }))).rejects.toThrow('JSON cannot hold');
  expect(db.pendingTransactions()).toEqual([]);
  await db.ready();
  expect(await db.transact(run())).toMatchObject({ status: 'synced' });
});
