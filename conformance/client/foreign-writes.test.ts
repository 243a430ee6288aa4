import { type InstantNodeDatabase, type InstantNodeError, id, type TransactionError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { type Address, eventIdOf, follow, freshKey, open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { goal, type Schema } from '../support/schema.ts';
import { sessionServer } from '../support/sessions.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

type Db = InstantNodeDatabase<Schema>;
type Place = () => object | Promise<object>;

const title = (text: string) => goal(id()).update({ title: text });

async function openOffline(address: Address, options: object): Promise<Db> {
  const network = switchedNetwork(false);
  const db = open(address, { ...options, network });
  db.subscribeTransactionErrors(() => {});
  await network.listenedTo;
  await db.getLocalId('loaded');
  return db;
}

/** The ids of writes that are made offline, one after the other. */
async function written(db: Db, titles: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const text of titles) {
    const result = await db.transact(title(text));
    expect(result.status).toBe('enqueued');
    ids.push(`${eventIdOf(result)}`);
  }
  return ids;
}

function told(db: Db) {
  const errors = inbox<TransactionError>();
  db.subscribeTransactionErrors(errors.push);
  return errors;
}

const places: Record<string, Place> = {
  filesystem: () => ({ storage: 'filesystem', storagePath: `${temporaryFolder()}/data` }),
  ...(hasSqlite && { sqlite: () => ({ storage: 'sqlite', storagePath: `${temporaryFolder()}/data.db` }) }),
  'a class': () => ({ storage: classStore().Store }),
};

describe.each(Object.entries(places))('in storage %s', (_, place) => keepsForTheirAuthors(place));
describeWithRedis('in storage redis', () =>
  keepsForTheirAuthors(async () => ({ storage: 'redis', redis: { url: (await startRedis()).url } })),
);

function keepsForTheirAuthors(place: Place): void {
  const guest = { adminToken: undefined };
  const admin = { adminToken: 'the-admin-token' };
  test.each([
    ['a guest', 'the admin token', guest, admin],
    ['the admin token', 'a guest', admin, guest],
  ])(
    'writes of %s are neither sent nor shown with %s, and sent later as they were made',
    async (...given) => {
      const [, , theirs, others] = given;
      const server = await sessionServer();
      const kept = { ...(await place()), instanceKey: freshKey() };
      const first = await openOffline(server.address, { ...kept, ...theirs });
      const eventIds = await written(first, ['a', 'b', 'c']);
      await first.close();

      const second = open(server.address, { ...kept, ...others });
      const errors = told(second);
      const isAdmin = theirs === admin;
      await second.ready();
      expect(second.pendingTransactions()).toMatchObject(
        eventIds.map((eventId) => ({
          eventId,
          state: 'foreign',
          reason: expect.stringContaining(isAdmin ? 'with the admin token' : 'without a user'),
          author: { userId: null, isAdmin },
        })),
      );
      expect(errors.all).toMatchObject(
        eventIds.map((eventId) => ({ eventId, type: 'user-changed', isKept: true })),
      );
      expect((await follow(second, { goals: {} }).next()).data?.goals).toEqual([]);
      expect(await second.transact(title('mine'))).toMatchObject({ status: 'synced' });
      expect(second.stats()).toMatchObject({ pendingTransactions: 0, foreignTransactions: 3 });
      await second.close({ timeoutMs: 1_000_000 });
      expect(server.arrived.all).toMatchObject([{ isAdmin: !isAdmin }]);

      const third = open(server.address, { ...kept, ...theirs });
      const mine = await third.transact(title('newer'));
      await server.arrived.first(({ eventId }) => eventId === eventIdOf(mine));
      expect(server.arrived.all.slice(1)).toEqual(
        [...eventIds, eventIdOf(mine)].map((eventId) => ({ eventId, userId: null, isAdmin })),
      );
      await third.close({ timeoutMs: 1_000_000 });
    },
  );

  test('acknowledged writes of a user wait for their next sign-in, in this process or a later one', async () => {
    const server = await sessionServer();
    const kept = { ...(await place()), instanceKey: freshKey() };
    const first = await openOffline(server.address, kept);
    await first.auth.signInWithToken('ann');
    const anns = await written(first, ['a', 'b']);
    await first.auth.signInWithToken('bob');
    const bobs = await written(first, ['c']);
    await first.auth.signOut({ invalidateToken: false });
    const nobodys = await written(first, ['d']);
    const standing = (db: Db) => db.pendingTransactions().map(({ eventId, state }) => [eventId, state]);
    expect(new Map(standing(first) as [string, string][])).toEqual(
      new Map([
        ...[...anns, ...bobs].map((eventId) => [eventId, 'foreign'] as const),
        [nobodys[0] as string, 'queued'],
      ]),
    );
    await first.close();

    const second = open(server.address, kept);
    second.subscribeTransactionErrors(() => {});
    await server.arrived.first(({ eventId }) => eventId === nobodys[0]);
    await second.auth.signInWithToken('ann');
    const newer = await second.transact(title('newer'));
    await server.arrived.first(({ eventId }) => eventId === eventIdOf(newer));
    await second.close({ timeoutMs: 1_000_000 });

    const third = open(server.address, kept);
    third.subscribeTransactionErrors(() => {});
    await third.ready();
    expect(standing(third)).toEqual([[bobs[0], 'foreign']]);
    await third.auth.signInWithToken('bob');
    await server.arrived.first(({ eventId }) => eventId === bobs[0]);
    await third.close({ timeoutMs: 1_000_000 });
    expect(server.arrived.all).toEqual([
      { eventId: nobodys[0], userId: null, isAdmin: false },
      ...[...anns, eventIdOf(newer)].map((eventId) => ({ eventId, userId: 'ann', isAdmin: false })),
      { eventId: bobs[0], userId: 'bob', isAdmin: false },
    ]);
    expect(third.pendingTransactions()).toEqual([]);
  });

  test('foreign writes cannot be retried, and end with discardTransaction(), for good', async () => {
    const server = await sessionServer();
    const kept = { ...(await place()), instanceKey: freshKey() };
    const first = await openOffline(server.address, kept);
    const eventIds = await written(first, ['a', 'b']);
    await first.close();

    const second = await openOffline(server.address, { ...kept, adminToken: 'the-admin-token' });
    const [discarded, left] = eventIds as [string, string];
    await expect(second.retryTransaction(discarded)).rejects.toMatchObject({
      code: 'not-pending',
      message: expect.stringContaining('without a user'),
    });
    expect(await second.discardTransaction(discarded)).toBe(true);
    expect(await second.discardTransaction(discarded)).toBe(false);
    expect(second.pendingTransactions()).toMatchObject([{ eventId: left, state: 'foreign' }]);
    await second.close();

    const third = open(server.address, kept);
    await server.arrived.first(({ eventId }) => eventId === left);
    await third.close({ timeoutMs: 1_000_000 });
    expect(server.arrived.all).toHaveLength(1);
  });
}

describe('a change of user while the database is open', () => {
  test('leaves acknowledged writes for their author, in memory too, and tells of them as kept', async () => {
    const server = await sessionServer();
    const network = switchedNetwork(false);
    const db = open(server.address, { network });
    const errors = told(db);
    await network.listenedTo;
    await db.auth.signInWithToken('ann');
    const [one, two] = (await written(db, ['a', 'b'])) as [string, string];
    await db.auth.signInWithToken('bob');
    expect(errors.all).toMatchObject(
      [one, two].map((eventId) => ({
        eventId,
        type: 'user-changed',
        isKept: true,
        message: expect.stringContaining('user "ann"'),
        steps: expect.arrayContaining([expect.arrayContaining(['add-triple'])]),
      })),
    );
    expect(db.pendingTransactions()).toMatchObject(
      [one, two].map((eventId) => ({
        eventId,
        state: 'foreign',
        author: { userId: 'ann', isAdmin: false },
      })),
    );
    network.switch(true);
    await db.ready();
    expect((await follow(db, { goals: {} }).next()).data?.goals).toEqual([]);
    expect(await db.transact(title('of bob'))).toMatchObject({ status: 'synced' });
    await db.auth.signInWithToken('ann');
    await server.arrived.first(({ eventId }) => eventId === two);
    expect(server.arrived.all.map(({ eventId, userId }) => [eventId, userId]).slice(1)).toEqual([
      [one, 'ann'],
      [two, 'ann'],
    ]);
    expect(errors.all).toHaveLength(2);
  });

  test('shows writes again to the user who made them, in their order, before those made at once', async () => {
    const server = await sessionServer();
    const db = await openOffline(server.address, {});
    await db.auth.signInWithToken('ann');
    const anns = await written(db, ['a', 'b']);
    await db.auth.signInWithToken('bob');
    const early: Promise<unknown>[] = [];
    const leave = db.subscribeAuth(({ user }) => {
      if (user?.id === 'ann') early.push(db.transact(title('early')));
    });
    await db.auth.signInWithToken('ann');
    leave();
    const [result] = await Promise.all(early);
    expect(db.pendingTransactions()).toMatchObject(
      [...anns, eventIdOf(result as never)].map((eventId) => ({ eventId, state: 'queued' })),
    );
  });

  test('that keeps the id, as when a guest becomes a user, changes no author', async () => {
    const server = await sessionServer();
    const db = await openOffline(server.address, { storage: classStore().Store });
    await db.auth.signInWithToken('ann');
    const anns = await written(db, ['a']);
    const errors = told(db);
    await db.auth.signInWithToken('ann:no guest any more');
    expect(db.pendingTransactions()).toMatchObject([{ eventId: anns[0], state: 'queued' }]);
    expect(errors.all).toEqual([]);
  });

  test('rejects promises that still wait, as in core, and keeps nothing of their writes', async () => {
    const { Store, keysWith } = classStore();
    const server = await sessionServer();
    const db = open(server.address, { storage: Store });
    await db.ready();
    const write = db.transact(title('a'));
    const isRejected = expect(write).rejects.toMatchObject({
      message: 'User changed while transaction was in progress.',
    });
    const [pending] = db.pendingTransactions();
    await db._reactor.updateUser({ id: 'ann', refresh_token: 'ann' } as never);
    await isRejected;
    await db.close();
    expect(db.pendingTransactions()).toEqual([]);
    expect(keysWith(pending?.eventId)).toEqual([]);
  });

  test('rejects the promise of a retry, whose write was acknowledged before and stays', async () => {
    const server = await sessionServer(() => false);
    const network = switchedNetwork(false);
    const db = open(server.address, { network });
    db.subscribeTransactionErrors(() => {});
    await network.listenedTo;
    await db.auth.signInWithToken('ann');
    const [eventId] = await written(db, ['a']);
    network.switch(true);
    await server.arrived.first();
    const isRejected = expect(db.retryTransaction(`${eventId}`)).rejects.toThrow('User changed');
    await db.auth.signInWithToken('bob');
    await isRejected;
    expect(db.pendingTransactions()).toMatchObject([{ eventId, state: 'foreign' }]);
  });

  test('in memory is the end of what another made, at close(), which tells of it', async () => {
    const server = await sessionServer();
    const db = await openOffline(server.address, {});
    await db.auth.signInWithToken('ann');
    const [eventId] = await written(db, ['a']);
    await db.auth.signInWithToken('bob');
    const errors = told(db);
    await db.close({ timeoutMs: 1_000_000 });
    expect(errors.all).toMatchObject([{ eventId, type: 'closed', isKept: false }]);
  });
});

test('what a version before this one kept is of its user, and not by admin token', async () => {
  const server = await sessionServer();
  const { Store, held } = classStore();
  const steps = [['add-triple', id(), id(), 'Run']];
  const kept = { op: 'transact', 'tx-steps': steps, created: 1 };
  const put = (eventId: string, value: object): unknown =>
    (held as Map<string, string>).set(`kv:pendingMutation:${eventId}`, JSON.stringify(value));
  put('of-nobody', { ...kept, order: 1, user: null });
  put('of-ann', { ...kept, order: 2, user: 'ann' });
  const asAdmin = await openOffline(server.address, { storage: Store, adminToken: 'the-admin-token' });
  expect(asAdmin.pendingTransactions()).toMatchObject([
    { eventId: 'of-nobody', author: { userId: null, isAdmin: false } },
    { eventId: 'of-ann', author: { userId: 'ann', isAdmin: false } },
  ]);
  await asAdmin.close();
  const asNobody = await openOffline(server.address, { storage: Store, instanceKey: freshKey() });
  expect(asNobody.pendingTransactions()).toMatchObject([
    { eventId: 'of-nobody', state: 'queued' },
    { eventId: 'of-ann', state: 'foreign' },
  ]);
});

test('the admin token itself is in no record', async () => {
  const server = await sessionServer();
  const { Store, held } = classStore();
  const adminToken = 'a-token-that-nobody-may-read';
  const db = await openOffline(server.address, { storage: Store, adminToken });
  await written(db, ['a']);
  await db.close();
  expect([...held.values()].join()).not.toContain(adminToken);
  expect([...held.values()].join()).toContain('"admin":true');
});

test('a process that was killed between the change of user and the end of a write sends it for nobody else', async () => {
  const server = await sessionServer();
  const { Store, held } = classStore();
  const first = await openOffline(server.address, { storage: Store });
  const [eventId] = await written(first, ['a']);
  await first.close();
  const ann = JSON.stringify({ id: 'ann', refresh_token: 'ann' });
  (held as Map<string, string>).set('kv:currentUser', ann);
  const second = open(server.address, { storage: Store, instanceKey: freshKey() });
  const errors = told(second);
  expect(await errors.next()).toMatchObject({ eventId, type: 'user-changed', isKept: true });
  await second.ready();
  expect(await second.transact(title('of ann'))).toMatchObject({ status: 'synced' });
  expect(server.arrived.all).toMatchObject([{ userId: 'ann' }]);
  expect(server.arrived.all[0]?.eventId).not.toBe(eventId);
});

describeWithRedis('a Redis server that was emptied', () => {
  test('gets the writes of others again, as theirs', async () => {
    const server = await sessionServer();
    const redis = await startRedis();
    const kept = { storage: 'redis', redis: { url: redis.url }, instanceKey: freshKey() } as const;
    const first = await openOffline(server.address, kept);
    const reports = inbox<InstantNodeError>();
    first.subscribeErrors(reports.push);
    await first.auth.signInWithToken('ann');
    const anns = await written(first, ['a']);
    await first.auth.signInWithToken('bob');
    redis.command('FLUSHALL');
    const bobs = await written(first, ['b']);
    await reports.first(({ message }) => message.includes('Lost data'));
    await first.close();
    const second = await openOffline(server.address, kept);
    expect(second.pendingTransactions()).toMatchObject([
      { eventId: bobs[0], state: 'queued' },
      { eventId: anns[0], state: 'foreign', author: { userId: 'ann', isAdmin: false } },
    ]);
  });
});
