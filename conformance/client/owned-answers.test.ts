import { type ConnectionStatus, type InstantNodeDatabase, id } from '@instantdb/node';
import type { BackendApp } from '@instantdb/node/backend';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { attrs, fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { type Address, addressOf, follow, freshKey, open, serve } from '../support/open.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import type { Message } from '../support/socket-server.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

type Db = InstantNodeDatabase<Schema>;

// Each user sees the goals that are titled after their email.
const rules = { goals: { allow: { view: 'data.title == auth.email', $default: 'true' } } };
const [ann, bob] = ['ann@example.com', 'bob@example.com'];

async function served(): Promise<{ app: BackendApp; address: Address; slow: Address }> {
  const backend = await serve();
  const app = backend.createApp({ schema, rules });
  const address = addressOf(backend, app);
  const { url, websocketURI } = await tcpProxy(backend, 40);
  const writer = open(address, { adminToken: app.adminToken });
  // So that the server has them when this resolves.
  await writer.ready();
  for (const title of [ann, bob]) await writer.transact(goal(id()).update({ title }));
  return { app, address, slow: { appId: app.id, apiURI: url, websocketURI } };
}

async function signIn(db: Db, app: BackendApp, email: string): Promise<void> {
  await db.auth.sendMagicCode({ email });
  await db.auth.signInWithMagicCode({ email, code: app.magicCode(email) ?? '' });
}

const titlesOf = (goals: { title: string }[] = []): string[] => goals.map(({ title }) => title);

test.each([true, false])(
  'with latency, nobody is given what another asked for (keepAlive %s)',
  async (keepAlive) => {
    const { app, slow } = await served();
    const db = open(slow, { keepAlive });
    await db.ready();
    const answers: [user: string | undefined, titles: string[]][] = [];
    let user: string | undefined;
    db.subscribeAuth((state) => {
      user = state.user?.email ?? undefined;
    });
    db.subscribeQuery({ goals: {} }, ({ data }) => {
      if (data) answers.push([user, titlesOf(data.goals)]);
    });
    for (const email of [ann, bob, ann]) {
      await signIn(db, app, email);
      const asked = [0, 1, 2].map(() => db.queryOnce({ goals: { $: { where: { title: email } } } }));
      expect(titlesOf((await db.queryOnce({ goals: {} })).data.goals)).toEqual([email]);
      // Left unanswered at the next change, these are asked again by the next session.
      void Promise.allSettled(asked);
      void db.queryOnce({ goals: {} }).catch(() => {});
    }
    await db.auth.signOut();
    expect((await db.queryOnce({ goals: {} })).data.goals).toEqual([]);
    for (const [asked, titles] of answers) expect([[], [asked]]).toContainEqual(titles);
  },
);

const kinds: Record<string, () => object> = {
  filesystem: () => ({ storage: 'filesystem', storagePath: `${temporaryFolder()}/data` }),
  ...(hasSqlite && { sqlite: () => ({ storage: 'sqlite', storagePath: `${temporaryFolder()}/data.db` }) }),
  'a class': () => ({ storage: classStore().Store }),
};

/** More queries than are read from the storage before anybody asks, each with the same answer. */
const queries = Array.from({ length: 12 }, (_, index) => ({
  goals: { $: { where: { title: { $in: [ann, bob, `${index}`] } } } },
}));
const [oldest] = queries as [(typeof queries)[number]];

/** Signs Ann in, asks all queries one after the other, and closes with the answers in the storage. */
async function answeredFor(app: BackendApp, address: Address, options: object): Promise<void> {
  const db = open(address, options);
  await signIn(db, app, ann);
  for (const query of queries) {
    expect((await follow(db, query).next()).data?.goals).toMatchObject([{ title: ann }]);
  }
  await db.close();
}

describe.each(Object.entries(kinds))('stored answers, in %s', (_, place) => {
  test('are given to their user in the next process, and to nobody else', async () => {
    const { app, address } = await served();
    const options = { ...place(), instanceKey: freshKey() };
    await answeredFor(app, address, options);

    const again = open(address, { ...options, network: switchedNetwork(false) });
    expect((await follow(again, oldest).next()).data?.goals).toMatchObject([{ title: ann }]);
    await again.close();

    const db = open(address, options);
    await db.ready();
    await signIn(db, app, bob);
    const seen = follow(db, oldest);
    await seen.next(({ data }) => titlesOf(data?.goals).includes(bob));
    expect(seen.all.map(({ data }) => titlesOf(data?.goals))).toEqual([[bob]]);
  });
});

describe.each(Object.entries(kinds))(
  'stored answers of sessions with and without the admin token, in %s',
  (_, place) => {
    const all = [ann, bob].sort();

    test.each([
      ['an admin', 'a guest', true, all, []],
      ['a guest', 'an admin', false, [], all],
    ] as const)('are those of %s, and not given to %s', async (_whose, _others, isAdmin, theirs, others) => {
      const { app, address } = await served();
      const options = { ...place(), instanceKey: freshKey() };
      const token = (is: boolean) => (is ? { adminToken: app.adminToken } : {});
      const first = open(address, { ...options, ...token(isAdmin) });
      expect(titlesOf((await follow(first, oldest).next()).data?.goals).sort()).toEqual(theirs);
      await first.close();

      const again = open(address, { ...options, ...token(isAdmin), network: switchedNetwork(false) });
      expect(titlesOf((await follow(again, oldest).next()).data?.goals).sort()).toEqual(theirs);
      await again.close();

      const network = switchedNetwork(false);
      const other = open(address, { ...options, ...token(!isAdmin), network });
      await network.listenedTo;
      const seen = follow(other, oldest);
      // Reads are answered in order, so that by then the stored answer was read.
      await other.getLocalId('loaded');
      network.switch(true);
      expect(titlesOf((await seen.next()).data?.goals).sort()).toEqual(others);
      await other.close();
    });
  },
);

test('an answer that is being read from the storage when the user changes is not given to the next', async () => {
  const { app, address } = await served();
  const store = classStore();
  const options = { storage: store.Store, instanceKey: freshKey() };
  await answeredFor(app, address, options);

  const db = open(address, options);
  await db.ready();
  const release = store.hold();
  const heard = queries.map((query) => {
    const titles = inbox<string[]>();
    db.subscribeQuery(query, ({ data }) => titles.push(titlesOf(data?.goals)));
    return titles;
  });
  // Ten are read before anybody asks.
  const beingRead = heard.filter(({ all }) => all.length === 0);
  expect(beingRead).toHaveLength(2);
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  const changing = db.auth.signOut({ invalidateToken: false });
  await statuses.next((status) => status === 'authenticated');
  release();
  await changing;
  await Promise.all(queries.map((query) => db.queryOnce(query)));
  expect(beingRead.flatMap(({ all }) => all.flat())).toEqual([]);
});

test('rows of a synced table are not given to the next user: it is synced anew', async () => {
  const goalId = id();
  const [idAttr, titleAttr] = attrs.map((attr) => attr.id);
  const rows = [
    [
      [goalId, idAttr, goalId, 1],
      [goalId, titleAttr, ann, 1],
    ],
  ];
  const syncs = inbox<Message>();
  const server = await fakeInstant({
    http: () => ({ status: 200, body: { user: { id: id(), refresh_token: 'b' } } }),
    answer(message, peer, good) {
      if (!message.op.endsWith('-sync') && message.op !== 'resync-table') return good;
      syncs.push(message);
      if (syncs.all.length > 1) return undefined;
      const subscription = { 'subscription-id': id(), token: 't' };
      peer.send({ op: 'start-sync-ok', q: message.q, ...subscription });
      peer.send({ op: 'sync-load-batch', ...subscription, 'join-rows': rows });
      return { op: 'sync-init-finish', ...subscription, 'tx-id': 3 };
    },
  });
  const db = open(server.address);
  const heard = inbox<{ type: string; titles: string[] }>();
  const subscribe = (): unknown =>
    db._syncTableExperimental({ goals: {} }, ({ type, data }) => {
      heard.push({ type: String(type), titles: titlesOf(data.goals as { title: string }[]) });
    });
  subscribe();
  await heard.next(({ type, titles }) => type === 'InitialSyncComplete' && titles.includes(ann));
  const before = heard.all.length;
  await db.auth.signInWithToken('b');
  await syncs.first(({ op }) => op === 'start-sync' && syncs.all.length > 1);
  subscribe();
  await db.queryOnce({ goals: {} });
  expect(syncs.all.map(({ op }) => op)).not.toContain('resync-table');
  expect(heard.all.slice(before)).toEqual([]);
});
