import { expect, test } from 'vitest';
import { memoryRecordStore } from './memory-record-store.ts';

test('memoryRecordStore() keeps values of each store, in order, and forgets those set to undefined', async () => {
  const records = memoryRecordStore();
  expect(records.durable).toBe(false);
  await records.opened;
  expect(await records.read('kv', 'a')).toBeNull();
  await records.write([
    ['kv', 'a', 1],
    ['writes', 'a', 2],
    ['kv', 'b', 1],
    ['kv', 'b', undefined],
    ['kv', '__proto__', { __proto__: null, x: 1 }],
    ['kv', 'a', null],
  ]);
  expect(await records.read('kv', 'a')).toBeNull();
  expect(await records.read('writes', 'a')).toBe(2);
  expect(await records.read('kv', '__proto__')).toEqual({ x: 1 });
  expect(await records.keys('kv')).toEqual(['a', '__proto__']);
  expect(await records.keys('writes')).toEqual(['a']);
  expect(await records.keys('querySubs')).toEqual([]);
});

test('what a reader does to a value changes nothing that is kept', async () => {
  const records = memoryRecordStore();
  await records.write([['kv', 'a', { list: [1] }]]);
  const read = (await records.read('kv', 'a')) as { list: number[] };
  read.list.push(2);
  expect(await records.read('kv', 'a')).toEqual({ list: [1] });
});

test('two of them share nothing, and one that is closed refuses', async () => {
  const [one, two] = [memoryRecordStore(), memoryRecordStore()];
  await one.write([['kv', 'a', 1]]);
  expect(await two.read('kv', 'a')).toBeNull();
  await one.dispose();
  await one.dispose();
  for (const call of [one.read('kv', 'a'), one.write([['kv', 'a', 1]]), one.keys('kv')]) {
    await expect(call).rejects.toMatchObject({ code: 'storage' });
  }
});
