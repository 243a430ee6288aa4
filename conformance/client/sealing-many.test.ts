import { expect, test } from 'vitest';
import { BackgroundWrites } from '../../src/client/storage/background-writes.ts';
import {
  type EnvelopeRecordStore,
  envelopeRecordStore,
} from '../../src/client/storage/envelope-record-store.ts';
import { parseEncryptionKey } from '../../src/client/storage/keyring-input.ts';
import { storeClassOver } from '../../src/client/storage/store-class.ts';
// By their paths: drivers are no part of what the package exports.
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import { seededRandom } from '../support/random.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { type StorageDriver, storageOptions } from '../support/storage-contract.ts';

/** Enough for several batches, each of several calls. */
const FEW = 2_500;
/** Once, on one runtime: what is large is brought by the server's scripts, which are the same on all. */
const MANY = 100_000;
const timeout = 600_000;
/** How many records a conversion has in one batch. */
const CHUNK = 500;

const key = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `name ${index}`);
const valuesOf = (count: number): string[] => namesOf(count).map((name) => `value of ${name}`);

/** Opens the place anew each time, as the next process does. */
type Open = () => StorageDriver;

function recordsOf(
  driver: StorageDriver,
  encryptionKey?: unknown,
): EnvelopeRecordStore & { reports: readonly unknown[] } {
  const reports: unknown[] = [];
  const keyring = encryptionKey === undefined ? undefined : parseEncryptionKey(encryptionKey);
  const { scope } = storageOptions();
  const records = envelopeRecordStore(driver, scope, { keyring, report: (error) => reports.push(error) });
  return Object.assign(records, { reports });
}

/** What is under the names of these values. */
async function valuesIn(records: EnvelopeRecordStore, { length }: readonly string[]): Promise<unknown[]> {
  const found = new Map<string, unknown>();
  for await (const some of records.entries?.('kv') ?? []) {
    for (const [name, value] of some) found.set(name, value);
  }
  return namesOf(length).map((name) => found.get(name));
}

/** Sets all of them by one call of core's storage class, and says what was reported. */
async function multiSet(records: EnvelopeRecordStore, of: readonly string[]): Promise<unknown[]> {
  const reports: unknown[] = [];
  const report = (error: unknown): void => void reports.push(error);
  const writes = new BackgroundWrites(records, report);
  const owner = () => ({ userId: null, isAdmin: false });
  const Store = storeClassOver({ records, writes, queueLoaded: Promise.resolve(), owner, report });
  await new Store('app', 'kv').multiSet(namesOf(of.length).map((name, index) => [name, of[index]]));
  writes.stop();
  return reports;
}

/** That all of it is there, as it was, and nothing else; closes the records. */
async function expectAll(
  records: EnvelopeRecordStore & { reports: readonly unknown[] },
  values: readonly string[],
): Promise<void> {
  await records.opened;
  expect((await records.keys('kv')).length).toBe(values.length);
  expect(await valuesIn(records, values)).toEqual(values);
  await records.dispose();
  expect(records.reports).toEqual([]);
}

/** Opens it with these keys, and ends before one of the batches that convert it, as if the process were killed. */
async function convertInPart(open: Open, encryptionKey: unknown, batches: number): Promise<void> {
  const driver = open();
  let left = batches;
  await new Promise<void>((resolve) => {
    const killed = new Proxy(driver, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name !== 'write' || left-- > 0) return value.apply(target, args);
          resolve();
          return new Promise(() => {});
        };
      },
    });
    recordsOf(killed, encryptionKey);
  });
  await driver.dispose();
}

/** Somewhere within the batches of a conversion of so many records; prints its seed. */
function somewhereIn(count: number): () => number {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  process.stdout.write(`conversions of ${count} records (SEED=${seed})\n`);
  const random = seededRandom(seed);
  return () => 1 + random.below(count / CHUNK);
}

const rotating = { current: newKey, previous: [key] };

/** Seals what was not, with a process killed in the middle of it. */
async function sealsAll(open: Open): Promise<void> {
  const values = valuesOf(FEW);
  const somewhere = somewhereIn(FEW);
  const first = recordsOf(open());
  expect(await multiSet(first, values)).toEqual([]);
  await first.dispose();
  await convertInPart(open, key, somewhere());
  await expectAll(recordsOf(open()), values);
  await convertInPart(open, key, somewhere());
  await expectAll(recordsOf(open(), key), values);
  await changesKeyOfAll(open, values);
}

/** Gives what is sealed another key, with a process killed in the middle of it. */
async function changesKeyOfAll(open: Open, values: readonly string[]): Promise<void> {
  await convertInPart(open, rotating, somewhereIn(values.length)());
  await expectAll(recordsOf(open(), key), values);
  await expectAll(recordsOf(open(), rotating), values);
  const texts = await textsIn(open());
  expect(texts.length).toBe(values.length);
  expect(texts.filter((text) => !text.startsWith('s1.'))).toEqual([]);
}

/** Every text that a driver keeps, but for the header. */
async function textsIn(driver: StorageDriver): Promise<string[]> {
  const found = (await driver.keys()).filter((name) => !name.startsWith('meta:'));
  const texts = await Promise.all(found.map((name) => driver.get(name)));
  await driver.dispose();
  return texts.map(String);
}

const title = 'has all of its records when it is sealed or given another key, in part or to the end';

test(`storage "filesystem" ${title}`, { timeout }, () => {
  const folder = `${temporaryFolder()}/data`;
  return sealsAll(() => openFilesystemStorage(folder, storageOptions()));
});

test.runIf(hasSqlite)(`storage "sqlite" ${title}`, { timeout }, () => {
  const file = `${temporaryFolder()}/data.db`;
  return sealsAll(() => openSqliteStorage(file, storageOptions()));
});

test.skipIf(hasSqlite)('storage "sqlite": better-sqlite3 is not installed here', () =>
  expect(runtime).toBe('node20'),
);

describeWithRedis('storage "redis"', () => {
  const place = async (): Promise<{ server: RedisServer; open: Open }> => {
    const server = await startRedis({ appendfsync: 'no' });
    return { server, open: () => openRedisStorage({ url: server.url }, storageOptions()) };
  };

  test(title, { timeout }, async () => {
    const { open } = await place();
    await sealsAll(open);
  });

  const count = runtime === 'node24' ? MANY : FEW;
  test(`has ${count} pairs of one multiSet, or none, and gives them another key`, { timeout }, async () => {
    const { server, open } = await place();
    const values = valuesOf(count);
    const others = values.map((value) => `another ${value}, ${'x'.repeat(400)}`);
    const records = recordsOf(open(), key);
    expect(await multiSet(records, values)).toEqual([]);
    const used = Number(/used_memory:(\d+)/.exec(server.command('INFO', 'memory'))?.[1]);
    // The texts alone take more: it is full before the last of them comes.
    server.command('CONFIG', 'SET', 'maxmemory', String(used + count * 300));
    expect(await multiSet(records, others)).toEqual([
      expect.objectContaining({
        cause: expect.objectContaining({ message: expect.stringContaining('the server is full') }),
      }),
    ]);
    server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await valuesIn(records, values)).toEqual(values);
    await records.dispose();
    await changesKeyOfAll(open, values);
  });
});
