import { id, lookup, type TransactionError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, follow, freshKey, open, serveApp } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { author, goal } from '../support/schema.ts';
import type { Message, Peer } from '../support/socket-server.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

/** Soon, so that a test with several sessions is not slow. */
const connection = { firstRetryMs: 1, maxRetryMs: 20 };

/** The title that a write sets, which names it in these tests. */
const titleOf = (message: Message): unknown => (message['tx-steps'] as unknown[][]).at(-1)?.[3];

/** A server that ends the connection in place of an answer to some writes, and what it got, by sessions. */
async function fragileServer(end: (title: unknown, session: number, peer: Peer) => boolean) {
  const sessions: unknown[][] = [];
  const arrived = inbox<{ title: unknown; session: number }>();
  const opened = inbox<number>();
  const places = new Map<Peer, number>();
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op === 'init') {
        places.set(peer, sessions.length);
        opened.push(sessions.length);
        sessions.push([]);
      }
      const session = places.get(peer) ?? -1;
      if (message.op !== 'transact') return good;
      const title = titleOf(message);
      // What comes after the end of a connection is in nobody's session.
      if (places.has(peer)) {
        sessions[session]?.push(title);
        arrived.push({ title, session });
      }
      if (!places.has(peer)) return undefined;
      if (!end(title, session, peer)) return good;
      places.delete(peer);
      return undefined;
    },
  });
  return { ...server, sessions, arrived, opened };
}

/** Ends with this code for writes of this title. */
const closing =
  (code: number, title = 'bad', reason = 'No') =>
  (given: unknown, _session: number, peer: Peer): boolean => {
    if (given !== title) return false;
    peer.close(code, reason);
    return true;
  };

function errorsOf(db: ReturnType<typeof open>): Inbox<TransactionError> {
  const errors = inbox<TransactionError>();
  db.subscribeTransactionErrors(errors.push);
  db.subscribeErrors(() => {});
  return errors;
}

/** Waits for the session after the one that tried a stuck write once more: it stays. */
async function tried(db: ReturnType<typeof open>, server: { sessions: unknown[][] }): Promise<void> {
  await expect.poll(() => server.sessions.length).toBe(4);
  await db.ready();
}

const titled = (title: string, entity = id()) => goal(entity).update({ title });

describe.each([1002, 1007, 1008, 1009, 1011])('a write for which the server closes with %i', (code) => {
  test('is sent alone, then parked and told, and what waits behind it is delivered', async () => {
    const server = await fragileServer(closing(code));
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    await db.ready();
    const bad = db.transact(titled('bad'));
    const others = ['a', 'b', 'c'].map((title) => db.transact(titled(title)));
    const told = await errors.next();
    const eventId = eventIdOf(await bad);
    expect(await bad).toMatchObject({ status: 'enqueued' });
    expect(told).toMatchObject({
      eventId,
      type: 'stuck',
      message: expect.stringContaining(`code ${code}, "No"`),
      connectionEnd: { code, reason: 'No' },
      isKept: true,
    });
    expect(told.steps.at(-1)?.[3]).toBe('bad');
    await Promise.all(others);
    await expect.poll(() => db.stats().pendingTransactions).toBe(1);
    expect(db.pendingTransactions()).toMatchObject([
      { eventId, state: 'stuck', reason: expect.stringContaining(`code ${code}, "No"`) },
    ]);
    // In the second session it comes alone: the others are not sent until the third.
    expect(server.sessions[1]).toEqual(['bad']);
    expect(server.sessions[2]?.slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(errors.all).toHaveLength(1);
  });
});

test('nothing is parked for 300 connections that end for other reasons, whenever they do', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  let cuts = 0;
  const server = await fragileServer((_title, _session, peer) => {
    if (cuts >= 300 || random.below(3) > 0) return false;
    cuts++;
    // A server that says 1013 is left alone for five seconds.
    const how = cuts === 1 ? 1013 : random.pick(['reset', 1000, 1001, 1012]);
    if (how === 'reset') peer.destroy();
    else peer.close(how as number);
    return true;
  });
  const quick = { ...connection, firstRetryMs: 1, maxRetryMs: 2, maxConnectsPerSecond: 10_000 };
  const db = open(server.address, { connection: quick });
  const errors = errorsOf(db);
  let made = 0;
  const write = async (): Promise<void> => {
    while (cuts < 300) {
      await db.transact(titled(`${++made}`));
      await db.ready();
    }
  };
  await Promise.all([write(), write(), write(), write()]);
  await expect.poll(() => db.stats().pendingTransactions, { timeout: 30_000 }).toBe(0);
  expect({ seed, told: errors.all }).toEqual({ seed, told: [] });
  const arrived = new Set(server.sessions.flat());
  expect({ seed, arrived: arrived.size }).toEqual({ seed, arrived: made });
});

describe('what comes after a stuck write', () => {
  test('stays behind it, in order, if they have something in common, and says so; the rest goes on', async () => {
    const server = await fragileServer(closing(1011));
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    const [entity, writer, other] = [id(), id(), id()];
    await db.ready();
    const bad = goal(entity).update({ slug: 'one' }).link({ author: writer }).update({ title: 'bad' });
    const { eventId } = await Promise.all([db.transact(bad), errors.next()]).then(([, told]) => told);
    await tried(db, server);
    const behind = await Promise.all([
      db.transact(titled('same entity', entity)),
      db.transact(author(writer).update({ name: 'linked' })),
      db.transact(goal(lookup('slug', 'one')).update({ title: 'looked up' })),
      // Has something in common with one that stays behind alone.
      db.transact(goal(other).link({ author: writer }).update({ title: 'behind' })),
      db.transact(titled('behind that', other)),
    ]);
    expect(behind.map(({ status }) => status)).toEqual(behind.map(() => 'enqueued'));
    expect(await db.transact(titled('of itself'))).toMatchObject({ status: 'synced' });
    const waiting = db.pendingTransactions();
    expect(waiting.map((write) => write.eventId)).toEqual([eventId, ...behind.map(eventIdOf)]);
    for (const { reason } of waiting.slice(1)) expect(reason).toContain(`behind transaction "${eventId}"`);
    expect(await db.discardTransaction(eventId)).toBe(true);
    await expect.poll(() => db.stats().pendingTransactions).toBe(0);
    const titles = server.sessions.at(-1) ?? [];
    expect(titles.slice(titles.indexOf('of itself') + 1)).toEqual([
      'same entity',
      'linked',
      'looked up',
      'behind',
      'behind that',
    ]);
  });

  test('follows it once the server takes it, in a later session or by retryTransaction()', async () => {
    let takes = false;
    const server = await fragileServer((title, _session, peer) => !takes && closing(1011)(title, 0, peer));
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    const entity = id();
    for (const again of ['retry', 'session'] as const) {
      takes = false;
      await db.ready();
      const bad = await db.transact(titled('bad', entity));
      await errors.next();
      await db.transact(titled('after', entity));
      // The first session after it was parked tries it once more, and the one after that does not.
      await expect.poll(() => server.sessions.at(-1)).toEqual([]);
      await db.ready();
      takes = true;
      if (again === 'retry') {
        expect(await db.retryTransaction(`${eventIdOf(bad)}`)).toMatchObject({ status: 'synced' });
      } else server.peers.all.at(-1)?.destroy();
      await expect.poll(() => db.stats().pendingTransactions).toBe(0);
      expect(server.sessions.at(-1)).toEqual(['bad', 'after']);
      server.peers.all.at(-1)?.destroy();
      await server.opened.next((session) => session === server.sessions.length - 1);
    }
  });

  test('holds up close() no more than the stuck write itself', async () => {
    const server = await fragileServer(closing(1011));
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    const entity = id();
    await db.ready();
    await db.transact(titled('bad', entity));
    await errors.next();
    await db.ready();
    await db.transact(titled('after', entity));
    await db.transact(titled('other'));
    await db.close({ timeoutMs: 1_000_000 });
  });
});

test('a stuck write is tried last and alone in a new session, and is shown all the while', async () => {
  const server = await fragileServer(closing(1011));
  const db = open(server.address, { connection });
  const errors = errorsOf(db);
  const answers = follow(db, { goals: {} });
  await db.ready();
  await db.transact(titled('bad'));
  await errors.next();
  await tried(db, server);
  expect(await db.transact(titled('x'))).toMatchObject({ status: 'synced' });
  expect(server.sessions).toEqual([['bad'], ['bad'], ['bad'], ['x']]);
  server.peers.all.at(-1)?.destroy();
  await server.arrived.first(({ title, session }) => title === 'bad' && session === 4);
  await expect.poll(() => server.sessions.length).toBe(6);
  expect(answers.all.at(-1)?.data?.goals.map(({ title }) => title)).toContain('bad');
  expect(db.pendingTransactions()).toMatchObject([{ state: 'stuck' }]);
  expect(errors.all).toHaveLength(1);
});

describe('a limit that the server has told by 1009', () => {
  const long = (length: number) => titled('x'.repeat(length));
  const tooLong = (title: unknown, _session: number, peer: Peer): boolean => {
    if (String(title).length < 5_000) return false;
    peer.close(1009, 'Too long');
    return true;
  };

  test('refuses what is as long unsent, takes its local change back, and lets the rest through', async () => {
    const server = await fragileServer(tooLong);
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    await db.ready();
    await db.transact(long(6_000));
    await errors.next();
    await tried(db, server);
    const before = server.arrived.all.length;
    await expect(db.transact(long(6_000))).rejects.toMatchObject({
      code: 'message-too-large',
      message: expect.stringMatching(/^Cannot send a transaction of 6,\d+ bytes: .* one of 6,\d+ bytes/),
      hint: expect.stringContaining('Split it'),
      outcome: 'not-applied',
    });
    expect(db.stats().pendingTransactions).toBe(1);
    expect(await db.transact(long(4_000))).toMatchObject({ status: 'synced' });
    const after = server.arrived.all.slice(before).map(({ title }) => String(title).length);
    expect(after).toEqual([4_000]);
  });

  test('parks what waits already and is longer, without sending it', async () => {
    const server = await fragileServer(tooLong);
    const db = open(server.address, { connection });
    const errors = errorsOf(db);
    await db.ready();
    const writes = [6_000, 7_000, 10].map((length) => db.transact(long(length)));
    const told = [await errors.next(), await errors.next()];
    expect(told).toMatchObject([
      { type: 'stuck', connectionEnd: { code: 1009, reason: 'Too long' }, isKept: true },
      { type: 'stuck', message: expect.stringContaining('Cannot send a transaction of 7,'), isKept: true },
    ]);
    const results = await Promise.all(writes);
    expect(told.map(({ eventId }) => eventId)).toEqual(results.slice(0, 2).map(eventIdOf));
    await expect.poll(() => db.stats().pendingTransactions).toBe(2);
    const lengths = server.arrived.all.map(({ title }) => String(title).length);
    expect(lengths).toContain(10);
    // In flight beside the first, before anything was known.
    expect(server.sessions.slice(1).flat().map(String)).not.toContain('x'.repeat(7_000));
  });
});

test('connection.maxMessageBytes refuses a longer write before anything of it is applied', async () => {
  const server = await fragileServer(() => false);
  const db = open(server.address, { connection: { maxMessageBytes: 2_000 } });
  const answers = follow(db, { goals: {} });
  await db.ready();
  await expect(db.transact(titled('x'.repeat(2_000)))).rejects.toMatchObject({
    code: 'message-too-large',
    message: expect.stringContaining('option "connection.maxMessageBytes" allows 2,000 bytes'),
    outcome: 'not-applied',
  });
  expect(await db.transact(titled('x'.repeat(1_000)))).toMatchObject({ status: 'synced' });
  const shown = answers.all.flatMap(({ data }) => data?.goals ?? []);
  expect(shown.every(({ title }) => title.length === 1_000)).toBe(true);
});

describe('a write above the frame limit of the local backend', () => {
  const big = titled('x'.repeat(65 * 1_048_576));

  test('is told within two attempts, and the write behind it is delivered', async () => {
    const address = await serveApp();
    const db = open(address, { connection });
    const errors = errorsOf(db);
    await db.ready();
    const before = db.stats().connections;
    const results = Promise.all([db.transact(big), db.transact(titled('behind'))]);
    expect(await errors.next()).toMatchObject({ connectionEnd: { code: 1009 }, isKept: true });
    expect(db.stats().connections - before).toBeLessThanOrEqual(2);
    await results;
    await expect.poll(() => db.stats().pendingTransactions, { timeout: 60_000 }).toBe(1);
    const { data } = await open(address).queryOnce({ goals: {} });
    expect(data.goals).toMatchObject([{ title: 'behind' }]);
  });

  test.runIf(hasSqlite)('is so too after a restart with SQLite', async () => {
    const address = await serveApp();
    const storagePath = `${temporaryFolder()}/data.sqlite`;
    const options = { connection, storage: 'sqlite', storagePath } as const;
    const network = switchedNetwork(false);
    const instanceKey = freshKey();
    const first = open(address, { ...options, instanceKey, network });
    await network.listenedTo;
    await Promise.all([first.transact(big), first.transact(titled('behind'))]);
    await first.close();
    const db = open(address, { ...options, instanceKey });
    const errors = errorsOf(db);
    expect(await errors.next()).toMatchObject({ type: 'stuck', connectionEnd: { code: 1009 }, isKept: true });
    expect(db.stats().connections).toBeLessThanOrEqual(3);
    await expect.poll(() => db.stats().pendingTransactions, { timeout: 60_000 }).toBe(1);
    expect(db.pendingTransactions()).toMatchObject([{ state: 'stuck' }]);
    const [{ eventId } = { eventId: '' }] = db.pendingTransactions();
    expect(await db.discardTransaction(eventId)).toBe(true);
  });
});
