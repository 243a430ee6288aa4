import { StoreInterface, type StoreInterfaceStoreName } from '@instantdb/core';
import { expect, test } from 'vitest';
import { deferred } from '../timing/deferred.ts';
import { classRecords } from './class-records.ts';

const appId = '11111111-1111-4111-8111-111111111111';

/** A class that keeps everything by reference, and what it was asked. */
function recordingClass() {
  const calls: unknown[][] = [];
  const held = new Map<string, unknown>();
  class Store extends StoreInterface {
    readonly #name: string;
    constructor(id: string, name: StoreInterfaceStoreName) {
      super(id, name);
      this.#name = name;
      calls.push(['new', id, name]);
    }
    override async getItem(key: string): Promise<unknown> {
      return held.get(`${this.#name}/${key}`);
    }
    override async removeItem(key: string): Promise<void> {
      calls.push(['removeItem', this.#name, key]);
      held.delete(`${this.#name}/${key}`);
    }
    override async multiSet(pairs: [string, unknown][]): Promise<void> {
      calls.push(['multiSet', this.#name, pairs]);
      for (const [key, value] of pairs) held.set(`${this.#name}/${key}`, value);
    }
    override async getAllKeys(): Promise<string[]> {
      const prefix = `${this.#name}/`;
      return [...held.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    }
  }
  return { Store, calls, held };
}

test('classRecords() gives the class what core would give it, and keeps pending writes in "kv"', async () => {
  const { Store, calls, held } = recordingClass();
  held.set('kv/currentUser', { id: 'before' });
  const records = classRecords(Store, appId);
  expect(records.durable).toBe(true);
  await records.opened;
  expect(await records.read('kv', 'currentUser')).toEqual({ id: 'before' });
  await records.write([
    ['kv', 'a', 1],
    ['writes', '1', { order: 1 }],
    ['querySubs', 'hash', [1]],
    ['kv', 'a', undefined],
    ['kv', 'b', null],
  ]);
  expect(calls).toEqual([
    ['new', appId, 'kv'],
    ['new', appId, 'querySubs'],
    ['new', appId, 'syncSubs'],
    [
      'multiSet',
      'kv',
      [
        ['a', 1],
        ['pendingMutation:1', { order: 1 }],
      ],
    ],
    ['multiSet', 'querySubs', [['hash', [1]]]],
    ['removeItem', 'kv', 'a'],
    ['multiSet', 'kv', [['b', null]]],
  ]);
  expect(await records.keys('kv')).toEqual(['currentUser', 'b']);
  expect(await records.keys('writes')).toEqual(['1']);
  expect(await records.keys('querySubs')).toEqual(['hash']);
  expect(await records.read('writes', '1')).toEqual({ order: 1 });
  expect(await records.read('syncSubs', 'absent')).toBeNull();
});

test('a class that keeps references keeps what was written, whatever writer and reader do to it', async () => {
  const records = classRecords(recordingClass().Store, appId);
  const value = { list: [1] };
  const writing = records.write([['kv', 'a', value]]);
  value.list.push(2);
  await writing;
  ((await records.read('kv', 'a')) as typeof value).list.push(3);
  expect(await records.read('kv', 'a')).toEqual({ list: [1] });
});

test('batches are written one after the other, and a read comes after the batches called before it', async () => {
  const { Store, held } = recordingClass();
  const first = deferred<void>();
  let running = 0;
  class Slow extends Store {
    override async multiSet(pairs: [string, unknown][]): Promise<void> {
      expect(++running).toBe(1);
      if (pairs[0]?.[1] === 1) await first.promise;
      await super.multiSet(pairs);
      running--;
    }
  }
  const records = classRecords(Slow, appId);
  const writes = [1, 2].map((value) => records.write([['kv', 'a', value]]));
  const read = records.read('kv', 'a');
  const disposal = records.dispose();
  first.resolve();
  await Promise.all(writes);
  expect(await read).toBe(2);
  await disposal;
  expect(held.get('kv/a')).toBe(2);
  for (const call of [records.read('kv', 'a'), records.write([['kv', 'a', 1]]), records.keys('kv')]) {
    await expect(call).rejects.toMatchObject({ code: 'storage' });
  }
  await records.dispose();
});

test('whatever fails in the class is of code "storage" with its cause, and the next batch is tried', async () => {
  const failure = new Error('quota');
  let isFailing = true;
  const { Store } = recordingClass();
  class Failing extends Store {
    override getItem(key: string): Promise<unknown> {
      if (isFailing) throw failure;
      return super.getItem(key);
    }
    override async multiSet(pairs: [string, unknown][]): Promise<void> {
      if (isFailing) throw failure;
      await super.multiSet(pairs);
    }
    override removeItem(key: string): Promise<void> {
      return isFailing ? Promise.reject(failure) : super.removeItem(key);
    }
    override async getAllKeys(): Promise<string[]> {
      return isFailing ? (undefined as unknown as string[]) : super.getAllKeys();
    }
  }
  const records = classRecords(Failing, appId);
  const failed = { code: 'storage', cause: failure };
  await expect(records.read('kv', 'a')).rejects.toMatchObject(failed);
  await expect(records.write([['kv', 'a', 1]])).rejects.toMatchObject(failed);
  await expect(records.write([['kv', 'a', undefined]])).rejects.toMatchObject(failed);
  await expect(records.keys('kv')).rejects.toMatchObject({ code: 'storage' });
  isFailing = false;
  await records.write([['kv', 'a', 1]]);
  expect(await records.read('kv', 'a')).toBe(1);
});

test('a batch with what is no JSON value is refused before any of it is written', async () => {
  const { Store, held } = recordingClass();
  const records = classRecords(Store, appId);
  await expect(
    records.write([
      ['kv', 'a', 1],
      ['kv', 'b', () => {}],
    ]),
  ).rejects.toMatchObject({ code: 'storage', message: 'Cannot keep "b" of "kv": it is not a JSON value' });
  expect(held.size).toBe(0);
});

test('a class that lacks a function is an error of code "storage" that names it, at once', () => {
  class Half extends recordingClass().Store {}
  Object.assign(Half.prototype, { multiSet: undefined, getAllKeys: undefined });
  const open = (): unknown => classRecords(Half, appId);
  expect(open).toThrow('Cannot open the storage class "Half": it has no multiSet, getAllKeys');
  expect(open).toThrow(expect.objectContaining({ code: 'storage', hint: expect.any(String) }));
});

test('a class that cannot be made is an error of code "storage"', () => {
  const failure = new Error('no disk');
  class Broken extends StoreInterface {
    constructor(id: string, name: StoreInterfaceStoreName) {
      super(id, name);
      throw failure;
    }
    getItem = async (): Promise<unknown> => null;
    removeItem = async (): Promise<void> => {};
    multiSet = async (): Promise<void> => {};
    getAllKeys = async (): Promise<string[]> => [];
  }
  let error: unknown;
  try {
    classRecords(Broken, appId);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'storage', cause: failure });
});
