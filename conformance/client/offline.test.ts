import { id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, open, serveApp } from '../support/open.ts';
import { goal } from '../support/schema.ts';

test('opened without a network it connects when there is one', async () => {
  const network = switchedNetwork(false);
  const db = open(await serveApp(), { network });
  await network.listenedTo;
  expect(db.stats()).toMatchObject({ status: 'closed', connections: 0 });
  await expect(db.queryOnce({ goals: {} })).rejects.toThrow('offline');
  network.switch(true);
  await db.ready();
  expect(db.stats()).toMatchObject({ connections: 1 });
});

test('writes made offline wait in order, show locally, and arrive in order afterwards', async () => {
  const network = switchedNetwork(true);
  const address = await serveApp();
  const [writer, reader] = [open(address, { network }), open(address)];
  await writer.ready();
  const local = follow(writer, { goals: {} });
  const remote = follow(reader, { goals: {} });
  await local.next();
  await remote.next();

  network.switch(false);
  const run = id();
  const priorities = [1, 2, 3];
  const results = await Promise.all(
    priorities.map((priority) => writer.transact(goal(run).update({ title: 'Run', priority }))),
  );
  expect(results.map(({ status }) => status)).toEqual(['enqueued', 'enqueued', 'enqueued']);
  await local.next(({ data }) => data?.goals[0]?.priority === 3);
  const pending = writer.pendingTransactions();
  expect(pending.map(({ eventId }) => eventId)).toEqual(results.map(eventIdOf));
  for (const [index, { state, createdAt, steps }] of pending.entries()) {
    expect(state).toBe('queued');
    expect(createdAt).toBeInstanceOf(Date);
    expect(steps).toContainEqual(['add-triple', run, expect.any(String), priorities[index]]);
  }
  expect(writer.stats()).toMatchObject({ pendingTransactions: 3, sentTransactions: 0 });

  network.switch(true);
  const { data } = await remote.next(({ data }) => data?.goals[0]?.priority === 3);
  expect(data?.goals).toMatchObject([{ id: run, title: 'Run', priority: 3 }]);
  await writer.close();
  expect(writer.pendingTransactions()).toEqual([]);
});

test('the server gets the writes made offline once each, in the order they were made', async () => {
  const network = switchedNetwork(false);
  const server = await fakeInstant();
  const received = server.writes;
  const db = open(server.address, { network });
  await network.listenedTo;
  const results = [];
  for (let count = 0; count < 20; count++)
    results.push(await db.transact(goal(id()).update({ title: 'Run' })));
  network.switch(true);
  const expected = results.map(eventIdOf);
  await received.first((eventId) => eventId === expected.at(-1));
  await db.close();
  expect(received.all).toEqual(expected);
});

test('a refusal after "enqueued" is told to subscribers, with what was to change, and is taken back', async () => {
  const network = switchedNetwork(false);
  const hint = { input: ['goals', 'object'] };
  const { address } = await fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'transact'
        ? refusalOf(message, { type: 'permission-denied', message: 'Permission denied', hint })
        : good,
  });
  const db = open(address, { network });
  const errors = inbox<unknown>();
  db.subscribeTransactionErrors(errors.push);
  const run = id();
  await network.listenedTo;
  const result = await db.transact(goal(run).update({ title: 'Run' }));
  expect(result.status).toBe('enqueued');

  network.switch(true);
  expect(await errors.next()).toEqual({
    eventId: eventIdOf(result),
    type: 'permission-denied',
    code: 'permission',
    status: 400,
    message: 'Permission denied',
    hint,
    steps: expect.arrayContaining([['add-triple', run, expect.any(String), 'Run']]),
    isKept: false,
  });
  expect(db.pendingTransactions()).toEqual([]);
});

test('a subscriber of refusals that has unsubscribed is told nothing', async () => {
  const network = switchedNetwork(false);
  const { address } = await fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'transact' ? refusalOf(message, { type: 'validation-failed', message: 'No' }) : good,
  });
  const db = open(address, { network });
  const [stays, left] = [inbox<unknown>(), inbox<unknown>()];
  db.subscribeTransactionErrors(stays.push);
  db.subscribeTransactionErrors(left.push)();
  await network.listenedTo;
  await db.transact(goal(id()).update({ title: 'Run' }));
  network.switch(true);
  await stays.next();
  expect(left.all).toEqual([]);
});

test('a network listener that fails is told of and taken for online', async () => {
  const errors = inbox<{ code: string; cause: unknown }>();
  const reason = new Error('no interfaces');
  const network = { getIsOnline: () => Promise.reject(reason), listen: () => undefined };
  const db = open(await serveApp(), { network });
  db.subscribeErrors(errors.push as never);
  await db.ready();
  expect(await errors.next()).toMatchObject({ code: 'connection-failed', cause: reason });
});

test('close() stops listening to the network', async () => {
  const network = switchedNetwork(true);
  const db = open(await serveApp(), { network });
  await db.ready();
  expect(network.listeners).toBe(1);
  await db.close();
  expect(network.listeners).toBe(0);
});
