import { type ConnectionStatus, type InstantNodeDatabase, id, init } from '@instantdb/node';
import type { Backend } from '@instantdb/node/backend';
import { expect, onTestFinished, test } from 'vitest';
import { FetchEventSource } from '../support/event-source.ts';
import { inbox } from '../support/inbox.ts';
import { addressOf, follow, freshKey, open, serve } from '../support/open.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

/** A database where WebSockets are refused. */
function openWithoutSockets(
  { url, websocketURI }: Pick<Backend, 'url' | 'websocketURI'>,
  appId: string,
): InstantNodeDatabase<Schema> {
  const db = init<Schema>(
    {
      schema,
      appId,
      apiURI: url,
      websocketURI: websocketURI.replace('/runtime/session', '/nothing-here'),
      instanceKey: freshKey(),
    },
    undefined,
    undefined,
    undefined,
    FetchEventSource,
  );
  db.subscribeErrors(() => {});
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  return db;
}

test('where WebSockets are refused, the database works over an event stream', async () => {
  const backend = await serve();
  const address = addressOf(backend);
  const db = openWithoutSockets(backend, address.appId);
  await db.ready();
  const goals = follow(db, { goals: {} });
  await goals.next();
  const [mine, theirs] = [id(), id()];
  expect(await db.transact(goal(mine).create({ title: 'mine' }))).toMatchObject({ status: 'synced' });
  await open(address).transact(goal(theirs).create({ title: 'theirs' }));
  await goals.first(({ data }) => data?.goals.length === 2);
  const room = db.joinRoom('chat', 'lobby');
  const heard = inbox<unknown>();
  room.subscribeTopic('wave', heard.push);
  // A topic is heard by those who are in the room when it is published, and the other's socket is faster.
  const presence = inbox<{ isLoading: boolean }>();
  room.subscribePresence({}, presence.push);
  await presence.first(({ isLoading }) => !isLoading);
  const other = open(address).joinRoom('chat', 'lobby', { initialPresence: { nickname: 'other' } });
  other.publishTopic('wave', { hand: 'left' });
  expect(await heard.next()).toEqual({ hand: 'left' });
});

test('an event stream that is cut is opened again, and what was written meanwhile is delivered', async () => {
  const backend = await serve();
  const address = addressOf(backend);
  const proxy = await tcpProxy(backend);
  const db = openWithoutSockets(proxy, address.appId);
  await db.ready();
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  proxy.cut();
  await statuses.next((status) => status === 'closed');
  const written = id();
  void db.transact(goal(written).create({ title: 'meanwhile' }));
  await statuses.next((status) => status === 'authenticated');
  const goals = follow(open(address), { goals: {} });
  await goals.first(({ data }) => data?.goals[0]?.id === written);
});
