import { InstantError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { type FakeInstant, fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { follow, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import type { Message, Peer } from '../support/socket-server.ts';

/** A write that reached the server, which has not answered it. */
interface HeldWrite {
  message: Message;
  peer: Peer;
  /** The answer that a good server would give. */
  good: Message;
}

/** A server that leaves the answers to writes to the test. */
async function holdingServer(): Promise<{ server: FakeInstant; writes: Inbox<HeldWrite> }> {
  const writes = inbox<HeldWrite>();
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op !== 'transact' || !good) return good;
      writes.push({ message, peer, good });
      return undefined;
    },
  });
  return { server, writes };
}

const denied = {
  type: 'permission-denied',
  message: 'Permission denied: not perms-pass?',
  hint: { input: ['goals'] },
};

test('a write is in the answers of live queries before the server has answered it', async () => {
  const { server, writes } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();
  const run = id();
  let settled = false;
  const written = db.transact(goal(run).update({ title: 'Run' })).then((result) => {
    settled = true;
    return result;
  });
  const { data } = await goals.next();
  expect(data?.goals).toEqual([{ id: run, title: 'Run' }]);
  expect(settled).toBe(false);

  const { message, peer, good } = await writes.next();
  expect(db.pendingTransactions()).toMatchObject([{ eventId: message['client-event-id'], state: 'sent' }]);
  peer.send(good);
  expect(await written).toEqual({ status: 'synced', eventId: message['client-event-id'] });
  expect(db.pendingTransactions()).toEqual([]);
  expect(goals.all).toHaveLength(2);
});

test('a refused write is taken back, and its promise rejects with the message and hint of the server', async () => {
  const { server, writes } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const later: unknown[] = [];
  db.subscribeTransactionErrors((error) => later.push(error));
  const goals = follow(db, { goals: {} });
  await goals.next();
  const written = db.transact(goal(id()).update({ title: 'Run' }));
  const error = written.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect((await goals.next()).data?.goals).toHaveLength(1);

  const { message, peer } = await writes.next();
  peer.send(refusalOf(message, denied));
  expect(await error).toBeInstanceOf(InstantError);
  expect(await error).toMatchObject({ message: denied.message, hint: denied.hint });
  expect((await goals.next()).data?.goals).toEqual([]);
  expect(db.pendingTransactions()).toEqual([]);
  expect(later).toEqual([]);
});

test('a refused write takes nothing of the writes around it along', async () => {
  const { server, writes } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const goals = follow(db, { goals: {} });
  const titles = (): Promise<unknown> =>
    goals.next().then(({ data }) => data?.goals?.map(({ title }) => title).sort());
  await goals.next();
  const results = [];
  for (const title of ['a', 'b', 'c']) {
    results.push(db.transact(goal(id()).update({ title })).catch((error: Error) => error.message));
    await titles();
  }
  const [, second] = [await writes.next(), await writes.next(), await writes.next()];
  second?.peer.send(refusalOf(second.message, denied));
  expect(await titles()).toEqual(['a', 'c']);
  for (const { peer, good } of [writes.all[2], writes.all[0]].filter((write) => write !== undefined)) {
    peer.send(good);
  }
  expect(await Promise.all(results)).toMatchObject([
    { status: 'synced' },
    denied.message,
    { status: 'synced' },
  ]);
});

test('update, link and delete show at once on what the server told before', async () => {
  const { server } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();
  const run = id();
  const changed = async (): Promise<unknown> => (await goals.next()).data?.goals;
  void db.transact(goal(run).update({ title: 'Run' })).catch(() => {});
  expect(await changed()).toEqual([{ id: run, title: 'Run' }]);
  void db.transact(goal(run).update({ title: 'Walk' })).catch(() => {});
  expect(await changed()).toEqual([{ id: run, title: 'Walk' }]);
  void db.transact(goal(run).delete()).catch(() => {});
  expect(await changed()).toEqual([]);
});

test('a write that cannot be made into steps rejects and leaves nothing waiting', async () => {
  const { server } = await holdingServer();
  const db = open(server.address, { disableValidation: true });
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();
  await expect(db.transact(goal(id()).update(null as never))).rejects.toBeInstanceOf(Error);
  expect(db.pendingTransactions()).toEqual([]);
});
