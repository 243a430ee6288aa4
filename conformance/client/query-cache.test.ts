import type { InstantNodeDatabase, NodeConfig } from '@instantdb/node';
import type { Driver } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import { describe, expect, test } from 'vitest';
// By its path: drivers are no part of what the package exports.
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import { openUnstorageStorage } from '../../src/drivers/storage/unstorage/unstorage.ts';
import { type ClassStore, classStore } from '../support/class-store.ts';
import { type FakeInstant, fakeInstant, resultOf } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { follow, freshKey, open } from '../support/open.ts';
import type { Schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { type StorageDriver, type StorageScope, storageOptions } from '../support/storage-contract.ts';

type Db = InstantNodeDatabase<Schema>;

const goalId = '3b1f5ac9-9cc3-4bd5-b5f4-6c0d8a5c1c11';

/** The `index`-th of many queries, no two alike. */
const query = (index: number) => ({ goals: { $: { where: { title: `Run ${index}` } } } });

/** A server that answers each query with one goal, of the title that is asked for. */
const server = (): Promise<FakeInstant> =>
  fakeInstant({
    answer(message, _peer, good) {
      if (message.op !== 'add-query') return good;
      const { title } = (message.q as ReturnType<typeof query>).goals.$.where;
      return good && { ...good, result: resultOf({ [goalId]: title }) };
    },
  });

/** Subscribes, waits for the answer of the server, and returns what unsubscribes. */
async function subscribe(db: Db, index: number): Promise<() => void> {
  let leave = (): void => {};
  await new Promise<void>((resolve) => {
    leave = db.subscribeQuery(query(index), ({ data }) => {
      if (data?.goals[0]) resolve();
    });
  });
  return leave;
}

/** Subscribes to queries one after the other, each for as long as it takes to be answered. */
async function visit(db: Db, indexes: readonly number[]): Promise<void> {
  for (const index of indexes) (await subscribe(db, index))();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The numbers of the queries whose answers are stored. */
const stored = ({ held }: ClassStore): number[] =>
  [...held]
    .filter(([key]) => key.startsWith('querySubs:') && key !== 'querySubs:__meta')
    .map(([, json]) => Number(/"Run (\d+)"/.exec(json)?.[1]))
    .sort((a, b) => a - b);

/** The numbers of the queries that the store lists as stored, the ones that were used last behind. */
const listed = ({ held }: ClassStore): number =>
  Object.keys(JSON.parse(held.get('querySubs:__meta') ?? '{"objects":{}}').objects).length;

const answersInMemory = (db: Db): number => Object.keys(db._reactor.querySubs.currentValue).length;

describe('answers of queries that nobody subscribes to', () => {
  test.each([
    [{}, 10],
    [{ queryCacheLimit: 3 }, 3],
    [{ queryCacheLimit: 0 }, 0],
  ])('with %j, the %i that were used last are kept in the storage, soon after', async (options, limit) => {
    const { address } = await server();
    const store = classStore();
    const db = open(address, { storage: store.Store, ...options });
    await visit(db, upTo(30));
    await expect.poll(() => stored(store)).toEqual(upTo(30).slice(30 - limit));
    // One that is used again is the last, whatever was asked for between.
    await visit(db, [30, 31, 0, 32]);
    await expect
      .poll(() => stored(store))
      .toEqual(
        [...upTo(33)]
          .sort(byUse)
          .slice(33 - limit)
          .sort(byNumber),
      );
    expect(listed(store)).toBe(limit);
    await db.close();
    expect(stored(store)).toHaveLength(limit);
  });

  test('that were saved before nobody subscribed any more are forgotten as well', async () => {
    const { address } = await server();
    const store = classStore();
    const db = open(address, { storage: store.Store, queryCacheLimit: 2 });
    const leave = await Promise.all(upTo(8).map((index) => subscribe(db, index)));
    await expect.poll(() => stored(store)).toEqual(upTo(8));
    for (const index of [7, 6, 0, 1, 5]) leave[index]?.();
    await expect.poll(() => stored(store)).toEqual([1, 2, 3, 4, 5]);
    expect(answersInMemory(db)).toBe(3);
    await db.close();
    // What was live at the end is there for the next process.
    expect(stored(store)).toEqual([1, 2, 3, 4, 5]);
  });

  test('are not in memory once they were saved, without a storage too', async () => {
    const { address } = await server();
    const store = classStore();
    for (const storage of [store.Store, undefined]) {
      const db = open(address, storage && { storage });
      await visit(db, upTo(30));
      await expect.poll(() => answersInMemory(db)).toBe(0);
      await db.close();
    }
  });

  test('are given at once to whoever subscribes again, in this process and the next', async () => {
    const { address } = await server();
    const store = classStore();
    const options = { storage: store.Store, instanceKey: freshKey() };
    const first = open(address, options);
    await visit(first, upTo(12));
    await first.close();
    const offline = open(address, { ...options, network: switchedNetwork(false) });
    const answered = follow(offline, query(11));
    await answered.next(({ data }) => data?.goals[0]?.title === 'Run 11');
    // Left within the moment in which it would be saved again, it is still there.
    offline.subscribeQuery(query(10), () => {})();
    await offline.close();
    expect(stored(store)).toEqual(upTo(12).slice(2));
  });

  test('that an earlier process left are forgotten, without being read', async () => {
    const { address } = await server();
    const store = classStore();
    const options = { storage: store.Store, instanceKey: freshKey() };
    const first = open(address, options);
    await Promise.all(upTo(40).map((index) => subscribe(first, index)));
    await first.close();
    expect(stored(store)).toEqual(upTo(40));

    const readBefore = store.reads.length;
    const second = open(address, options);
    await second.ready();
    const leave = await subscribe(second, 5);
    await second.close();
    leave();
    expect(stored(store)).toContain(5);
    expect(stored(store)).toHaveLength(11);
    const read = store.reads.slice(readBefore).filter((key) => key.startsWith('querySubs:'));
    // The ten newest, the list, and the one that was subscribed to, under both names that core has for it.
    expect(read.length).toBeLessThanOrEqual(13);
    expect(listed(store)).toBe(11);
  });

  test('of which the store’s own list knows nothing count as the oldest', async () => {
    const { address } = await server();
    const store = classStore();
    const options = { storage: store.Store, instanceKey: freshKey(), queryCacheLimit: 2 };
    const first = open(address, options);
    const leave = await Promise.all(upTo(4).map((index) => subscribe(first, index)));
    await first.close();
    for (const end of leave) end();
    store.set('querySubs:__meta', '{"objects":{}}');
    const second = open(address, options);
    await second.ready();
    await visit(second, [9]);
    await second.close();
    expect(stored(store)).toContain(9);
    expect(stored(store)).toHaveLength(2);
    expect(listed(store)).toBe(2);
  });

  test('asked for once are not stored, and take nothing away', async () => {
    const { address } = await server();
    const store = classStore();
    const db = open(address, { storage: store.Store });
    await visit(db, upTo(10));
    await expect.poll(() => stored(store)).toEqual(upTo(10));
    for (const index of upTo(40)) await db.queryOnce(query(index));
    await db.close();
    expect(stored(store)).toEqual(upTo(10));
  });

  test('while a query waits for its answer, nothing is stored of it', async () => {
    let answer = (): void => {};
    const { address } = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'add-query' || !good) return good;
        answer = () => peer.send({ ...good, result: resultOf({ [goalId]: 'Run 1' }) });
        return undefined;
      },
    });
    const store = classStore();
    const db = open(address, { storage: store.Store });
    await db.ready();
    const answers = follow(db, query(1));
    await expect.poll(() => store.saves).toBeGreaterThan(0);
    await db._reactor.querySubs.flush();
    expect(stored(store)).toEqual([]);
    answer();
    await answers.next();
    await expect.poll(() => stored(store)).toEqual([1]);
  });
});

const drivers: Record<string, (path: string) => Partial<NodeConfig<Schema>>> = {
  filesystem: (storagePath) => ({ storage: 'filesystem', storagePath }),
  ...(hasSqlite && { sqlite: (path) => ({ storage: 'sqlite', storagePath: `${path}.db` }) }),
  'a driver of unstorage’s': (base) => ({ storage: fsDriver({ base }) }),
};

test.each(Object.entries(drivers))(
  'storage %s holds no more answers than the limit',
  async (_, storageAt) => {
    const { address } = await server();
    const storage = storageAt(`${temporaryFolder()}/data`);
    const instanceKey = freshKey();
    const db = open(address, { ...storage, instanceKey });
    await visit(db, upTo(15));
    await db.close();
    const driver = driverOver(storage, { appId: address.appId, instanceKey });
    const keys = await driver.keys();
    await driver.dispose();
    expect(keys.filter((key) => key.includes('querySubs:') && !key.endsWith('__meta'))).toHaveLength(10);
  },
);

/** The driver that a database has. */
function driverOver(config: Partial<NodeConfig<Schema>>, scope: StorageScope): StorageDriver {
  const { storage, storagePath = '' } = config;
  const options = storageOptions({ scope });
  if (storage === 'filesystem') return openFilesystemStorage(storagePath, options);
  if (storage === 'sqlite') return openSqliteStorage(storagePath, options);
  return openUnstorageStorage(storage as Driver, options);
}

/** Queries in the order in which the first test uses them: all, then 30, 31, 0 and 32. */
function byUse(a: number, b: number): number {
  const at = (index: number): number => (index === 0 ? 31.5 : index);
  return at(a) - at(b);
}

function byNumber(a: number, b: number): number {
  return a - b;
}
