import { type ConnectionStatus, id } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { addressOf, eventIdOf, follow, open, serve } from '../support/open.ts';
import { goal, schema } from '../support/schema.ts';

test('it reconnects to a server that comes back on its port, and delivers what was written meanwhile', async () => {
  const first = await serve();
  const app = first.createApp({ schema });
  const address = addressOf(first, app);
  const db = open(address);
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();

  await first.close();
  await statuses.next((status) => status === 'closed');
  const run = id();
  expect(await db.transact(goal(run).update({ title: 'Run' }))).toMatchObject({ status: 'enqueued' });

  const second = await startBackend({ port: first.port });
  onTestFinished(() => second.close());
  second.createApp({ id: app.id }).load(app.snapshot());
  await statuses.next((status) => status === 'authenticated');
  const reader = follow(open(address), { goals: {} });
  const { data } = await reader.next(({ data }) => data?.goals.length === 1);
  expect(data?.goals).toMatchObject([{ id: run, title: 'Run' }]);
  expect(db.stats().connections).toBeGreaterThan(1);
});

test('live queries are asked again after a reconnect, once each, and give what is new', async () => {
  const server = await fakeInstant();
  const db = open(server.address);
  const goals = follow(db, { goals: {} });
  await goals.next();
  const left = db.subscribeQuery({ authors: {} }, () => {});
  left();
  const [one] = server.peers.all;
  one?.destroy();
  const two = await server.peers.first((peer) => peer !== one);
  await two.messages.first(({ op }) => op === 'add-query');
  await db.queryOnce({ authors: {} });
  const queries = two.messages.all.filter(({ op }) => op === 'add-query').map(({ q }) => q);
  expect(queries).toEqual([{ goals: {} }, { authors: {} }]);
});

test('a write that was sent and not answered when the connection dropped is sent again', async () => {
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op !== 'transact' || peer !== server.peers.all[0]) return good;
      peer.destroy();
      return undefined;
    },
  });
  const db = open(server.address);
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();
  const run = id();
  const result = await db.transact(goal(run).update({ title: 'Run' }));
  expect(result.status).toBe('synced');
  for (const peer of server.peers.all) {
    const writes = peer.messages.all.filter(({ op }) => op === 'transact');
    expect(writes).toMatchObject([{ 'client-event-id': eventIdOf(result) }]);
  }
  expect(server.peers.all).toHaveLength(2);
  expect(goals.all.map(({ data }) => data?.goals.length)).toEqual([0, 1]);
});

test('while the connection is gone, nobody knows of a write that was sent', async () => {
  const server = await fakeInstant({
    answer: (message, _peer, good) => (message.op === 'transact' ? undefined : good),
  });
  const db = open(server.address);
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  await db.ready();
  const peer = await server.peers.first();
  void db.transact(goal(id()).update({ title: 'Run' })).catch(() => {});
  await peer.messages.first(({ op }) => op === 'transact');
  expect(db.pendingTransactions()).toMatchObject([{ state: 'sent' }]);
  peer.destroy();
  await statuses.next((status) => status === 'closed');
  expect(db.pendingTransactions()).toMatchObject([
    { state: 'unknown', reason: 'There is no session with the server' },
  ]);
  expect(db.stats()).toMatchObject({ status: 'closed', pendingTransactions: 1, sentTransactions: 0 });
});

test('a queryOnce() without an answer when the connection drops is asked again', async () => {
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op !== 'add-query' || peer !== server.peers.all[0]) return good;
      peer.destroy();
      return undefined;
    },
  });
  expect(await open(server.address).queryOnce({ goals: {} })).toMatchObject({ data: { goals: [] } });
  expect(server.peers.all).toHaveLength(2);
});

test('stats() counts connections and what goes over them', async () => {
  const server = await fakeInstant();
  const db = open(server.address);
  await db.ready();
  const before = db.stats();
  expect(before).toMatchObject({ connections: 1, sentMessages: 1, receivedMessages: 1 });
  await db.queryOnce({ goals: { $: { where: { title: 'Üben' } } } });
  const after = db.stats();
  expect(after.sentMessages).toBe(before.sentMessages + 2);
  expect(after.receivedMessages).toBe(before.receivedMessages + 1);
  const { messages } = await server.peers.first();
  await messages.first(({ op }) => op === 'remove-query');
  const [, ...sent] = messages.all.map((message) => Buffer.byteLength(JSON.stringify(message)));
  expect(after.sentBytes - before.sentBytes).toBe(sent.reduce((sum, bytes) => sum + bytes));
  expect(after.receivedBytes).toBeGreaterThan(before.receivedBytes);
});
