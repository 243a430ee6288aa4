import { mkdirSync, readdirSync } from 'node:fs';
import type { Driver, Storage } from 'unstorage';
import { createStorage, prefixStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import lruCacheDriver from 'unstorage/drivers/lru-cache';
import memoryDriver from 'unstorage/drivers/memory';
import { describe, expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { openClassStorage } from '../../src/drivers/storage/unstorage/class-driver.ts';
import { openUnstorageStorage } from '../../src/drivers/storage/unstorage/unstorage.ts';
import { classStore } from '../support/class-store.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import {
  contentOf,
  type StorageDriver,
  storageContract,
  storageOptions,
} from '../support/storage-contract.ts';

const kinds: Record<string, { durable: boolean; make(): Storage | Driver }> = {
  'a Driver "memory"': { durable: false, make: () => memoryDriver() },
  'a prefixed Storage': { durable: false, make: () => prefixStorage(createStorage(), 'mine:own') },
  'a Storage over "lru-cache"': {
    durable: false,
    make: () => createStorage({ driver: lruCacheDriver({ max: 100_000 }) }),
  },
  'a Storage over "fs"': {
    durable: true,
    make: () => createStorage({ driver: fsDriver({ base: temporaryFolder() }) }),
  },
};

for (const [name, { durable, make }] of Object.entries(kinds)) {
  storageContract(`unstorage, ${name}`, {
    durable,
    reopens: true,
    exclusive: true,
    whole: false,
    newPlace() {
      const storage = make();
      return { open: (options) => openUnstorageStorage(storage, options) };
    },
  });
}

function open(storage: Storage | Driver): StorageDriver {
  const driver = openUnstorageStorage(storage, storageOptions());
  onTestFinished(() => driver.dispose());
  return driver;
}

describe('a storage of unstorage’s', () => {
  test('gives records back as they were, whatever it takes their text for', async () => {
    const driver = open(createStorage());
    const records = [
      'true',
      'null',
      '1',
      '"a"',
      '{"a":1}',
      ' {} ',
      '',
      'undefined',
      'NaN',
      '[',
      '{"__proto__":1}',
    ];
    await driver.write(records.map((record, index) => [`${index}`, record]));
    expect(await Promise.all(records.map((_, index) => driver.get(`${index}`)))).toEqual(records);
  });

  test('is given file names in one folder a scope, that do not differ in case alone', async () => {
    const base = temporaryFolder();
    const driver = open(fsDriver({ base }));
    const keys = ['a', 'A', 'a:b', 'a:B', 'con', 'x'.repeat(5_000), 'X'.repeat(5_000)];
    await driver.write(keys.map((key) => [key, key]));
    const [scope] = readdirSync(`${base}/instant`);
    const names = readdirSync(`${base}/instant/${scope}`);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
    for (const name of names) expect(name).toMatch(/^[kh]-[a-z0-9_-]{0,98}$/);
    expect((await driver.keys()).sort()).toEqual([...keys].sort());
  });

  test('keeps its own items, and is not disposed of', async () => {
    const storage = createStorage();
    await storage.setItem('instant', 'mine');
    await storage.setItem('instant:other:a', 'mine');
    const driver = open(storage);
    await driver.write([['a', '1']]);
    expect(await driver.keys()).toEqual(['a']);
    await driver.dispose();
    expect(await storage.getItem('instant')).toBe('mine');
    expect(await storage.getItem('instant:other:a')).toBe('mine');
    expect(await contentOf(open(storage))).toEqual({ a: '1' });
  });

  test.each(['throws', 'rejects'] as const)(
    'that %s lets the call reject, and the batch is put back',
    async (how) => {
      const memory = memoryDriver();
      let calls = Number.POSITIVE_INFINITY;
      const cause = new Error('The disk is full');
      const setItem = (key: string, value: string): unknown => {
        if (--calls > 0) return memory.setItem?.(key, value, {});
        calls = Number.POSITIVE_INFINITY;
        if (how === 'throws') throw cause;
        return Promise.reject(cause);
      };
      const driver = open({ ...memory, setItem } as Driver);
      await driver.write([['a', '1']]);
      calls = 3;
      await expect(
        driver.write([
          ['a', '2'],
          ['b', '2'],
          ['c', '2'],
        ]),
      ).rejects.toMatchObject({
        code: 'storage',
        cause,
        message: expect.stringContaining('driver "memory"'),
      });
      expect(await contentOf(driver)).toEqual({ a: '1' });
      await driver.write([['c', '3']]);
      expect(await contentOf(driver)).toEqual({ a: '1', c: '3' });
    },
  );

  test('that gives an error as a value, as "fs" does, lets the call reject', async () => {
    const base = temporaryFolder();
    const driver = open(fsDriver({ base }));
    await driver.write([['a', '1']]);
    const broken = open({ ...memoryDriver(), getItem: () => new Error('EACCES') } as Driver);
    await expect(broken.get('a')).rejects.toMatchObject({ code: 'storage', cause: { message: 'EACCES' } });
  });

  test('that keeps nothing is found out with the first write', async () => {
    const base = temporaryFolder();
    mkdirSync(`${base}/data`);
    for (const storage of [
      fsDriver({ base: `${base}/data`, readOnly: true }),
      createStorage({ driver: fsDriver({ base: `${base}/data`, readOnly: true }) }),
    ]) {
      await expect(open(storage).write([['a', '1']])).rejects.toMatchObject({ code: 'storage' });
    }
  });

  test('that is for reading alone is refused', () => {
    const { setItem: _, removeItem: __, ...reading } = memoryDriver();
    expect(() => open(reading as Driver)).toThrow(expect.objectContaining({ code: 'storage' }));
  });

  test('hands on what it did not write as it is', async () => {
    const storage = createStorage();
    const driver = open(storage);
    await driver.write([['a', '1']]);
    const [key = ''] = await storage.getKeys('instant');
    for (const [value, record] of [
      ['torn', 'torn'],
      [{ a: 1 }, '{"a":1}'],
      [7, '7'],
    ]) {
      await storage.setItem(key, value as string);
      expect(await driver.get('a')).toBe(record);
    }
  });
});

storageContract('a class of core’s', {
  durable: true,
  exclusive: false,
  whole: false,
  newPlace() {
    // The class knows the app alone, so each scope of the contract's is given a class of its own.
    const stores = new Map<string, ReturnType<typeof classStore>>();
    return {
      open(options) {
        const scope = JSON.stringify(options.scope);
        const { Store } = stores.get(scope) ?? classStore();
        if (!stores.has(scope)) stores.set(scope, { Store } as ReturnType<typeof classStore>);
        return openClassStorage(Store, options);
      },
    };
  },
});

describe('a storage that does not answer', () => {
  const isSilent = expect.objectContaining({
    code: 'storage',
    message: expect.stringContaining('has not answered for 10 s'),
  });

  test('lets calls reject, does nothing else before it has answered, and nothing that was rejected', async () => {
    const memory = memoryDriver();
    let answer = (): void => {};
    let isHanging = false;
    const driver = open({
      ...memory,
      async setItem(key, value, options) {
        if (isHanging) await new Promise<void>((resolve) => (answer = resolve));
        await memory.setItem?.(key, value, options);
      },
    });
    await driver.write([['a', '1']]);
    isHanging = true;
    const calls = [driver.write([['a', '2']]), driver.write([['b', '2']]), driver.get('a'), driver.keys()];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ reason: isSilent });
    isHanging = false;
    const later = driver.write([['c', '3']]);
    answer();
    await later;
    // What hung has been done by now, as a call whose answer is lost may be.
    expect(await contentOf(driver)).toEqual({ a: '2', c: '3' });
  });
});

describe('a class of core’s', () => {
  test('is one database’s at a time for an app, whatever its instanceKey', async () => {
    const { Store } = classStore();
    const first = openClassStorage(Store, storageOptions());
    const another = storageOptions({ scope: { ...storageOptions().scope, instanceKey: 'another' } });
    expect(() => openClassStorage(Store, another)).toThrow(
      expect.objectContaining({ code: 'storage-locked' }),
    );
    await first.dispose();
    const second = openClassStorage(Store, another);
    await second.write([['a', '1']]);
    await second.dispose();
  });

  test('has a step of 200,000 records put back when a later one fails', async () => {
    const store = classStore();
    const driver = openClassStorage(store.Store, storageOptions());
    await driver.write([['key:7', 'before']]);
    const records = Array.from({ length: 200_000 }, (_, index) => [`key:${index}`, 'one'] as const);
    // It reads what each of them takes the place of, stores them all at once, and removes the last.
    const before = store.calls;
    store.failCall(before + records.length + 3, 'before');
    await expect(driver.write([...records, ['gone', null]])).rejects.toMatchObject({
      code: 'storage',
      cause: { message: 'EIO' },
    });
    expect(await contentOf(driver)).toEqual({ 'key:7': 'before' });
    await driver.dispose();
  });

  test('is given records in its store "kv" under their keys, and what fails is put back', async () => {
    const store = classStore();
    const driver = openClassStorage(store.Store, storageOptions());
    onTestFinished(() => driver.dispose());
    await driver.write([
      ['a', '1'],
      ['b', '1'],
    ]);
    expect([...store.held.keys()]).toEqual(['kv:a', 'kv:b']);
    const cause = new Error('The disk is full');
    store.fail(cause);
    await expect(driver.write([['a', '2']])).rejects.toMatchObject({ code: 'storage', cause });
    store.fail(undefined);
    expect(await contentOf(driver)).toEqual({ a: '1', b: '1' });
  });
});
