import { type ConnectionInfo, type InstantNodeDatabase, type InstantNodeError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { inbox } from '../support/inbox.ts';
import { addressOf, follow, open, serve } from '../support/open.ts';
import { connectionOf, QUICK } from '../support/quick-connection.ts';
import { seededRandom } from '../support/random.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import { textOf } from '../support/text-of.ts';
import { type UpgradeProxy, upgradeProxy } from '../support/upgrade-proxy.ts';

/** Slow to find silence, as a machine under load may be silent. */
const PATIENT = { ...QUICK, connectTimeoutMs: 10_000, initTimeoutMs: 10_000, silenceMs: 10_000 };

async function behindProxy(upgrades: UpgradeProxy['upgrades']) {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const proxy = await upgradeProxy(backend);
  proxy.upgrades = upgrades;
  const admin = { adminToken: app.adminToken, disableValidation: true };
  const errors = inbox<InstantNodeError>();
  return {
    proxy,
    errors,
    direct: () => open(addressOf(backend, app), admin),
    through(webSocketRetryMs = 300_000): InstantNodeDatabase<Schema> {
      const at = { appId: app.id, apiURI: proxy.url, websocketURI: proxy.websocketURI };
      const db = open(at, { ...admin, connection: { ...PATIENT, webSocketRetryMs } });
      db.subscribeErrors(errors.push);
      return db;
    },
  };
}

const isOpenOver = (transport: string) => (info: ConnectionInfo) =>
  info.state === 'open' && info.transport === transport;

test.each([400, 403, 426])(
  'where handshakes are refused with %s, an event stream is used',
  async (status) => {
    const { through, errors } = await behindProxy(status);
    const db = through();
    await db.ready();
    expect(db.connection).toMatchObject({ state: 'open', transport: 'sse' });
    expect(await db.transact(goal(id()).create({ title: 'x' }))).toMatchObject({ status: 'synced' });
    expect(errors.all.filter(({ message }) => message.includes('refused the session'))).toEqual([]);
  },
);

test('where handshakes and all else are refused with 403, the session counts as refused', async () => {
  const { through, errors, proxy } = await behindProxy(403);
  proxy.requests = 403;
  const db = through();
  const message = 'The server refused the session: it ended the connection with HTTP status 403';
  await expect(db.ready()).rejects.toMatchObject({ code: 'connection-failed', message });
  expect(db.connection).toMatchObject({ state: 'refused', retryAt: expect.any(Date) });
  expect(errors.all).toMatchObject([{ message }]);
  expect(proxy.begun).toMatchObject({ upgrade: 1, stream: 1 });
});

test('a server that is away leads to no event stream', async () => {
  const { through, proxy } = await behindProxy('pass');
  proxy.cut(true);
  const db = through();
  const changes = connectionOf(db);
  await changes.first(({ attempt }) => attempt >= 4);
  proxy.cut(false);
  await db.ready();
  expect(db.connection.transport).toBe('websocket');
  expect(changes.all.filter(({ transport }) => transport === 'sse')).toEqual([]);
  expect(proxy.begun.stream).toBe(0);
});

test('when the server of an event stream is away and comes back, neither way is tried too often', async () => {
  const { through, proxy } = await behindProxy(426);
  const db = through();
  await db.ready();
  const changes = connectionOf(db);
  proxy.cut(true);
  await changes.first(({ attempt }) => attempt >= 6);
  const before = { ...proxy.begun };
  proxy.cut(false);
  await changes.next(isOpenOver('sse'));
  // A handshake that is refused, and the event stream in its place; or that alone.
  expect(proxy.begun.upgrade - before.upgrade).toBeLessThanOrEqual(1);
  expect(proxy.begun.stream - before.stream).toBeLessThanOrEqual(2);
});

test('where HTTP is answered and neither way leads to a session, both are tried in turn', async () => {
  const { through, proxy } = await behindProxy(426);
  proxy.requests = 404;
  const changes = connectionOf(through());
  await changes.first(({ state, attempt }) => state === 'waiting' && attempt === 8);
  // The number of tries goes on, by which delays grow. A WebSocket may be tried again before HTTP has answered.
  const { upgrade, stream } = proxy.begun;
  expect(upgrade + stream).toBe(8);
  expect(stream).toBeGreaterThan(0);
  expect(stream).toBeLessThanOrEqual(upgrade);
});

test('a WebSocket that is refused again changes nothing', async () => {
  const { through, proxy, errors } = await behindProxy(426);
  const db = through(20);
  await db.ready();
  const changes = connectionOf(db);
  const told = errors.all.length;
  const tries = proxy.begun.upgrade;
  while (proxy.begun.upgrade < tries + 4) await db.queryOnce({ goals: {} });
  expect(db.connection).toMatchObject({ state: 'open', transport: 'sse' });
  expect(changes.all.filter(({ state }) => state !== 'open')).toEqual([]);
  expect(errors.all).toHaveLength(told);
});

test('a WebSocket that opens, and ends when it is used, leads back to the event stream', async () => {
  const { through, proxy } = await behindProxy(426);
  const db = through(50);
  await db.ready();
  const changes = connectionOf(db);
  proxy.upgrades = 'cut';
  await changes.next(({ transport }) => transport === 'websocket');
  await changes.next(isOpenOver('sse'));
  expect(await db.transact(goal(id()).create({ title: 'x' }))).toMatchObject({ status: 'synced' });
});

const seeds = Array.from({ length: 5 }, () => Math.floor(Math.random() * 2 ** 31));

test.each(seeds)('the way back loses, doubles and reorders nothing (seed %i)', async (seed) => {
  const random = seededRandom(seed);
  const { through, direct, proxy } = await behindProxy(random.pick([400, 403, 426]));
  const [db, other] = [through(50), direct()];
  await Promise.all([db.ready(), other.ready()]);
  expect(db.connection.transport).toBe('sse');
  const changes = connectionOf(db);
  const statuses = inbox<string>();
  db.subscribeConnectionStatus(statuses.push);

  // A room: what is said here is heard there, in order, and presence is there at the end.
  const heard = inbox<{ n: number }>();
  const theirRoom = other.joinRoom('chat', 'lobby');
  theirRoom.subscribeTopic('wave' as never, (said) => heard.push(said as { n: number }));
  const room = db.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'n-0' } });
  const presence = inbox<{ peers: Record<string, { nickname?: string }>; isLoading: boolean }>();
  theirRoom.subscribePresence({}, presence.push as never);
  await presence.first(({ peers }) => Object.keys(peers).length === 1);

  // A stream.
  const stream = db.streams.createWriteStream({ clientId: 'story' });
  const writer = stream.getWriter();
  await stream.streamId();
  const reading = textOf(db.streams.createReadStream({ clientId: 'story' }));
  const readingThere = textOf(other.streams.createReadStream({ clientId: 'story' }));

  const titles: string[] = [];
  const outcomes: Promise<{ status: string }>[] = [];
  const ids: string[] = [];
  const goals = follow(db, { goals: {} });
  const act = async (n: number): Promise<void> => {
    ids.push(id());
    outcomes.push(db.transact(goal(ids[n] ?? '').create({ title: `t-${n}` })) as never);
    titles.push(`t-${n}`);
    room.publishTopic('wave' as never, { n } as never);
    room.publishPresence({ nickname: `n-${n}` });
    await writer.write(`${n},`);
    if (random.below(3) === 0) await outcomes.at(-1);
    if (random.below(3) === 0) await new Promise((resolve) => setTimeout(resolve, random.below(8)));
  };
  let n = 0;
  while (n < 10) await act(n++);
  proxy.upgrades = 'pass';
  const moved = changes.first(isOpenOver('websocket')).then(() => true);
  for (let isMoved = false; !isMoved; ) {
    await act(n++);
    isMoved = await Promise.race([moved, Promise.resolve(false)]);
  }
  for (const end = n + 10; n < end; ) await act(n++);
  await writer.close();

  const settled = await Promise.all(outcomes);
  expect(settled.filter(({ status }) => status !== 'synced')).toEqual([]);
  await goals.first(({ data }) => data?.goals.length === n);
  const { data } = await other.queryOnce({ goals: { $: { order: { serverCreatedAt: 'asc' } } } });
  expect(data.goals.map(({ title }) => title)).toEqual(titles);
  const told = Array.from({ length: n }, (_, each) => each);
  await heard.first((said) => said.n === n - 1);
  expect(heard.all.map((said) => said.n)).toEqual(told);
  await presence.first(({ peers }) => Object.values(peers).some(({ nickname }) => nickname === `n-${n - 1}`));
  expect(await readingThere).toBe(told.map((each) => `${each},`).join(''));
  expect(await reading).toBe(told.map((each) => `${each},`).join(''));

  expect(db.connection).toMatchObject({ state: 'open', transport: 'websocket' });
  expect(statuses.all).not.toContain('closed');
  expect(statuses.all.slice(-3)).toEqual(['connecting', 'opened', 'authenticated']);
  const phases = changes.all.map(({ state }) => state);
  expect(phases.slice(phases.indexOf('connecting'))).toEqual(['connecting', 'authenticating', 'open']);
});
