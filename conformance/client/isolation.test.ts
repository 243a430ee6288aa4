import { id, type User } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { follow, freshKey, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import type { SocketServerOptions } from '../support/socket-server.ts';

function userWith(token: string): Record<string, unknown> {
  return { id: id(), email: `${token}@example.com`, refresh_token: token, isGuest: false };
}

/** An HTTP API that signs everybody in who has a token. */
function signingIn(): SocketServerOptions {
  return {
    http: (path, body) =>
      path.includes('/runtime/auth/verify_refresh_token')
        ? { status: 200, body: { user: userWith((body as Record<string, string>)['refresh-token'] ?? '') } }
        : { status: 404, body: {} },
  };
}

test('signing in connects again as the user, and the user is known', async () => {
  const server = await fakeInstant(signingIn());
  const db = open(server.address);
  const users = inbox<User | null | undefined>();
  db.subscribeAuth(({ user }) => users.push(user));
  await db.ready();
  const [before] = server.peers.all;
  await db.auth.signInWithToken('token-1');
  expect(await db.getAuth()).toMatchObject({ email: 'token-1@example.com' });
  const after = await server.peers.first((peer) => peer !== before);
  expect(await after.messages.first(({ op }) => op === 'init')).toMatchObject({ 'refresh-token': 'token-1' });
  await users.first((user) => user?.email === 'token-1@example.com');
  await db.auth.signOut({ invalidateToken: false });
  expect(await db.getAuth()).toBeNull();
});

test('signing in on one database leaves the user, connection, queue and cache of the others alone', async () => {
  const server = await fakeInstant({
    ...signingIn(),
    answer: (message, _peer, good) => (message.op === 'transact' ? undefined : good),
  });
  const offline = switchedNetwork(false);
  const one = open(server.address);
  const others = [
    open(server.address),
    open({ ...server.address, appId: id() }),
    open(server.address, { network: offline }),
  ];
  const [two, , waiting] = others;
  await offline.listenedTo;
  await Promise.all([one, ...others.slice(0, 2)].map((db) => db.ready()));
  const goals = follow(others[0] as typeof one, { goals: {} });
  await goals.next();
  void two?.transact(goal(id()).update({ title: 'sent' })).catch(() => {});
  await waiting?.transact(goal(id()).update({ title: 'queued' }));
  await goals.next();
  const before = others.map((db) => [db.stats().connections, db.pendingTransactions()]);
  const peers = [...server.peers.all];

  await one.auth.signInWithToken('token-1');
  await server.peers.first((peer) => !peers.includes(peer));
  await one.ready();
  expect(await one.getAuth()).toMatchObject({ email: 'token-1@example.com' });
  for (const db of others) expect(await db.getAuth()).toBeNull();
  expect(others.map((db) => [db.stats().connections, db.pendingTransactions()])).toEqual(before);
  expect(before.map(([, pending]) => (pending as unknown[]).length)).toEqual([1, 0, 1]);
  expect(others.map((db) => db.stats().status)).toEqual(['authenticated', 'authenticated', 'closed']);
  expect(server.peers.all).toHaveLength(peers.length + 1);
  expect(goals.all.at(-1)?.data?.goals).toHaveLength(1);
});

test('local ids, pending writes and answers of one instance are not those of another', async () => {
  const server = await fakeInstant();
  const networks = [switchedNetwork(false), switchedNetwork(false)];
  const [one, two] = networks.map((network) => open(server.address, { network, instanceKey: freshKey() }));
  await Promise.all(networks.map(({ listenedTo }) => listenedTo));
  await one?.transact(goal(id()).update({ title: 'Run' }));
  expect(one?.pendingTransactions()).toHaveLength(1);
  expect(two?.pendingTransactions()).toEqual([]);
  expect(await one?.getLocalId('device')).not.toBe(await two?.getLocalId('device'));
});

test('the same room is joined once by each database', async () => {
  const server = await fakeInstant();
  const [one, two] = [open(server.address), open(server.address)];
  await Promise.all([one.ready(), two.ready()]);
  one.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'Ann' } });
  expect([one.stats().rooms, two.stats().rooms]).toEqual([1, 0]);
  const joins = server.peers.all.map((peer) => peer.messages.all.filter(({ op }) => op === 'join-room'));
  await one.queryOnce({ goals: {} });
  await two.queryOnce({ goals: {} });
  expect(joins.flat().length).toBeLessThanOrEqual(1);
  const joined = server.peers.all.map(
    (peer) => peer.messages.all.filter(({ op }) => op === 'join-room').length,
  );
  expect(joined.sort()).toEqual([0, 1]);
});
