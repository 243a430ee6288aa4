import { type InstantNodeDatabase, type InstantNodeError, id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { type FakeInstant, fakeInstant, refusalOf, resultOf } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { follow, open } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { goal, type Schema } from '../support/schema.ts';
import type { Message, Peer } from '../support/socket-server.ts';

const query = { goals: {} };
const denied = { type: 'permission-denied', message: 'Permission denied: not perms-pass?' };

interface Session {
  server: FakeInstant;
  db: InstantNodeDatabase<Schema>;
  /** Writes that wait for their answer. */
  writes: Inbox<{ message: Message; peer: Peer }>;
  /** The titles of the goals in each answer of the live query. */
  titles: Inbox<string[]>;
  /** Sends what the query gives at a transaction. */
  refresh(goals: Record<string, string>, txId: number): void;
  /** Resolves once the client has taken all that was sent so far. */
  taken(): Promise<void>;
}

/** A live query on a server that holds `goals`, answers no write by itself, and refreshes when it is told to. */
async function session(goals: Record<string, string> = {}, options = {}): Promise<Session> {
  const writes = inbox<{ message: Message; peer: Peer }>();
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op === 'transact') writes.push({ message, peer });
      if (good?.op === 'add-query-ok') return { ...good, result: resultOf(goals) };
      return message.op === 'transact' ? undefined : good;
    },
  });
  const db = open(server.address, options);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  const titles = inbox<string[]>();
  db.subscribeQuery(query, ({ data }) => titles.push((data?.goals ?? []).map(({ title }) => title).sort()));
  await titles.next();
  const send = (frame: unknown): void => server.peers.all.at(-1)?.send(frame);
  return {
    server,
    db,
    writes,
    titles,
    refresh: (result, txId) =>
      send({
        op: 'refresh-ok',
        'processed-tx-id': txId,
        computations: [{ 'instaql-query': query, 'instaql-result': resultOf(result) }],
      }),
    async taken() {
      send('no JSON');
      await errors.next();
    },
  };
}

describe('a refresh that arrives while a write waits', () => {
  test('does not keep the write, which disappears when it is refused', async () => {
    const [one, two, mine] = [id(), id(), id()];
    const { db, writes, titles, refresh } = await session({ [one]: 'a' });
    const written = db.transact(goal(mine).update({ title: 'mine' }));
    const refused = expect(written).rejects.toThrow(denied.message);
    await titles.next((seen) => seen.join() === 'a,mine');
    const { message, peer } = await writes.next();
    refresh({ [one]: 'a', [two]: 'b' }, 2);
    await titles.next((seen) => seen.join() === 'a,b,mine');
    peer.send(refusalOf(message, denied));
    await refused;
    await titles.next((seen) => seen.join() === 'a,b');
    expect((await db.queryOnce({ authors: {} })).data.authors).toEqual([]);
    expect(titles.all.at(-1)).toEqual(['a', 'b']);
  });

  test('does not keep a delete, whose row is back when it is refused', async () => {
    const [one, two] = [id(), id()];
    const { db, writes, titles, refresh } = await session({ [one]: 'a' });
    const written = db.transact(goal(one).delete());
    const refused = expect(written).rejects.toThrow(denied.message);
    await titles.next((seen) => seen.length === 0);
    const { message, peer } = await writes.next();
    refresh({ [one]: 'a', [two]: 'b' }, 2);
    await titles.next((seen) => seen.join() === 'b');
    peer.send(refusalOf(message, denied));
    await refused;
    await titles.next((seen) => seen.join() === 'a,b');
  });

  test('is what a second subscriber and getPreviousResult are given, with the write on top', async () => {
    const [one, mine] = [id(), id()];
    const { db, titles, refresh, taken } = await session({});
    void db.transact(goal(mine).update({ title: 'mine' })).catch(() => {});
    await titles.next((seen) => seen.join() === 'mine');
    refresh({ [one]: 'a' }, 2);
    await taken();
    const { data } = await follow(db, query).next();
    expect(data?.goals.map(({ title }) => title).sort()).toEqual(['a', 'mine']);
  });
});

describe('a confirmed write', () => {
  const held = (db: InstantNodeDatabase<Schema>): number => db._reactor._pendingMutations().size;

  test('is forgotten at once when no query is subscribed', async () => {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    for (let count = 0; count < 10; count++) await db.transact(goal(id()).update({ title: 'x' }));
    expect(held(db)).toBe(0);
  });

  test('is forgotten with the refresh that holds it', async () => {
    const mine = id();
    const { db, writes, titles, refresh, taken } = await session({});
    const written = db.transact(goal(mine).update({ title: 'mine' }));
    const { message, peer } = await writes.next();
    peer.send({ op: 'transact-ok', 'client-event-id': message['client-event-id'], 'tx-id': 5 });
    await written;
    expect(held(db)).toBe(1);
    refresh({ [mine]: 'mine' }, 5);
    await taken();
    expect(held(db)).toBe(0);
    expect(titles.all).toEqual([[], ['mine']]);
  });

  test('stays in a live query that was asked before and is answered later with what was before it', async () => {
    const mine = id();
    const asked = inbox<{ message: Message; peer: Peer }>();
    const server = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'add-query') return good;
        asked.push({ message, peer });
        return undefined;
      },
    });
    const db = open(server.address);
    await db.ready();
    const goals = follow(db, query);
    const { message, peer } = await asked.next();
    await db.transact(goal(mine).update({ title: 'mine' }));
    peer.send({ op: 'add-query-ok', q: message.q, result: resultOf({}), 'processed-tx-id': 1 });
    expect((await goals.next()).data?.goals).toMatchObject([{ title: 'mine' }]);
  });

  test('is forgotten in time when no refresh concerns it', async () => {
    const { db, writes } = await session({}, { pendingTxCleanupTimeout: 50 });
    const written = db.transact(goal(id()).update({ title: 'mine' }));
    const { message, peer } = await writes.next();
    peer.send({ op: 'transact-ok', 'client-event-id': message['client-event-id'], 'tx-id': 5 });
    await written;
    await expect.poll(() => held(db)).toBe(0);
  });
});

/** What one entity is, or will be once its write is answered. */
interface Fate {
  /** The title that everybody may rely on; undefined for none. */
  title: string | undefined;
  isUnderWay: boolean;
}

test('no confirmed write disappears and no refused one stays, however late refreshes are', async () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`TEST_SEED=${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 12; round++) {
    const { db, writes, refresh, taken } = await session();
    const fates = new Map<string, Fate>();
    const rows: Record<string, string> = {};
    /** The rows as they were after each transaction. */
    const history: [number, Record<string, string>][] = [[1, {}]];
    let refreshed = 0;
    const waiting: (() => Promise<void>)[] = [];
    const wrong: string[] = [];
    db.subscribeQuery(query, ({ data }) => {
      const seen = new Map((data?.goals ?? []).map((one) => [one.id, one.title]));
      for (const [entity, { title, isUnderWay }] of fates) {
        if (!isUnderWay && seen.get(entity) !== title) wrong.push(`${entity} ${title} ${seen.get(entity)}`);
      }
    });

    const write = async (): Promise<void> => {
      const free = [...fates].filter(([, fate]) => !fate.isUnderWay && fate.title !== undefined);
      const known = free.length > 0 && random.below(3) > 0 ? random.pick(free) : undefined;
      const [entity, fate] = known ?? [id(), { title: undefined, isUnderWay: true }];
      const title = known && random.below(2) === 0 ? undefined : `t${random.below(1_000)}`;
      fate.isUnderWay = true;
      fates.set(entity, fate);
      const written = db
        .transact(title === undefined ? goal(entity).delete() : goal(entity).update({ title }))
        .then(
          () => Object.assign(fate, { title, isUnderWay: false }),
          () => Object.assign(fate, { isUnderWay: false }),
        );
      const { message, peer } = await writes.next();
      waiting.push(async () => {
        if (random.below(3) === 0) peer.send(refusalOf(message, denied));
        else {
          const txId = history.length + 1;
          if (title === undefined) delete rows[entity];
          else rows[entity] = title;
          history.push([txId, { ...rows }]);
          if (random.below(3) === 0) refreshTo(history.length);
          peer.send({ op: 'transact-ok', 'client-event-id': message['client-event-id'], 'tx-id': txId });
        }
        await written;
      });
    };
    const refreshTo = (count: number): void => {
      if (count <= refreshed) return;
      refreshed = count;
      const [txId, goals] = history[count - 1] as [number, Record<string, string>];
      refresh(goals, txId);
    };

    for (let step = 0; step < 60; step++) {
      const choice = random.below(5);
      if (choice < 2) await write();
      else if (choice < 4) await waiting.shift()?.();
      else refreshTo(1 + random.below(history.length));
      if (random.below(4) === 0) await taken();
    }
    for (const answer of waiting) await answer();
    refreshTo(history.length);
    await taken();
    const { data } = await follow(db, query).next();
    const shown = Object.fromEntries((data?.goals ?? []).map((one) => [one.id, one.title]));
    expect(shown, `round ${round}`).toEqual(rows);
    expect(wrong, `round ${round}`).toEqual([]);
    expect(db._reactor._pendingMutations().size).toBe(0);
    await db.close();
  }
});
