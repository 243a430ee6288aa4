import { describe, expect, test } from 'vitest';

/** What a storage driver promises, see `src/drivers/contract.ts`. */
export interface StorageDriver {
  readonly name: string;
  readonly durable: boolean;
  getItem(key: string): Promise<unknown>;
  setItems(entries: readonly (readonly [key: string, value: unknown])[]): Promise<void>;
  removeItem(key: string): Promise<void>;
  getKeys(prefix: string): Promise<string[]>;
  dispose(): Promise<void>;
}

/** Keys that one storage or another takes for each other, for a path, for a pattern, or for something of its own. */
export const nastyKeys: readonly string[] = [
  ...[
    '',
    ' ',
    'a',
    'A',
    'a ',
    'a:b',
    'a/b',
    'a\\b',
    'a.b',
    'a%b',
    'a%003ab',
    'a_b',
    '%',
    '_',
    '*',
    '?',
    '[a]',
  ],
  ...['.', '..', '../a', '../../a', '/a', '~/a', 'a:', ':a', 'a::b', 'CON', 'a.tmp', '__meta', '__proto__'],
  ...[
    'constructor',
    'toString',
    'null',
    'undefined',
    '0',
    '-1',
    "'; DROP TABLE items; --",
    '"a"',
    'a\n',
    'a\0',
    'a\0b',
  ],
  ...[
    'é',
    'e\u0301',
    'ß',
    'SS',
    'İ',
    '😀',
    '👩‍👩‍👧',
    '\ud83d',
    '\ude00',
    '\ufffd',
    '\uffff',
    '\ufeff',
    'x'.repeat(10_240),
  ],
];

const values: readonly unknown[] = [
  ...[true, false, 0, -0.5, 1e300, '', 'a\0b', '\ud83d', 'null', [], {}, [null, [1]], { a: { b: [1, 'x'] } }],
  ...[{ __proto__: null, constructor: 1 }, 'x'.repeat(1_000_000)],
];

/** The promises that every storage driver keeps, each as a test. `open` opens the same place each time, or an empty one. */
export function storageContract(name: string, open: () => Promise<StorageDriver> | StorageDriver): void {
  describe(`${name}: the storage contract`, () => {
    test('two different keys are two different keys, whatever they hold', async () => {
      const driver = await open();
      await driver.setItems(nastyKeys.map((key, index) => [key, index]));
      for (const [index, key] of nastyKeys.entries()) {
        expect(await driver.getItem(key), JSON.stringify(key)).toBe(index);
      }
      expect((await driver.getKeys('')).sort()).toEqual([...nastyKeys].sort());
      for (const [index, key] of nastyKeys.entries()) {
        await driver.removeItem(key);
        expect(await driver.getItem(key)).toBeNull();
        expect(await driver.getKeys('')).toHaveLength(nastyKeys.length - index - 1);
      }
    });

    test('getItem() gives the JSON value that was stored, or null', async () => {
      const driver = await open();
      expect(await driver.getItem('absent')).toBeNull();
      await driver.setItems(values.map((value, index) => [`value ${index}`, value]));
      for (const [index, value] of values.entries()) {
        expect(await driver.getItem(`value ${index}`)).toEqual(value);
      }
      await driver.setItems([
        ['null', null],
        ['value 0', 'another'],
      ]);
      expect(await driver.getItem('null')).toBeNull();
      expect(await driver.getItem('value 0')).toBe('another');
    });

    test('what a reader does to a value changes nothing that is stored', async () => {
      const driver = await open();
      await driver.setItems([['a', { list: [1] }]]);
      const read = (await driver.getItem('a')) as { list: number[] };
      read.list.push(2);
      expect(await driver.getItem('a')).toEqual({ list: [1] });
    });

    test('setItems() stores all of the entries, in the order given', async () => {
      const driver = await open();
      await driver.setItems([
        ['a', 1],
        ['b', 1],
        ['a', 2],
      ]);
      expect([await driver.getItem('a'), await driver.getItem('b')]).toEqual([2, 1]);
      await driver.setItems([]);
      expect((await driver.getKeys('')).sort()).toEqual(['a', 'b']);
    });

    test('setItems() lets a reader see the old values or the new, never a mix', async () => {
      const driver = await open();
      const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
      await driver.setItems(keys.map((key) => [key, 0]));
      const writes = [1, 2, 3].map((value) => driver.setItems(keys.map((key) => [key, value])));
      const first = driver.getItem('key 0');
      const last = driver.getItem('key 49');
      await Promise.all(writes);
      expect(await first).toBe(await last);
      expect(await driver.getItem('key 49')).toBe(3);
    });

    test('setItems() does not keep the entries', async () => {
      const driver = await open();
      const pair: [string, unknown] = ['a', 1];
      const entries = [pair];
      await driver.setItems(entries);
      pair[0] = 'b';
      pair[1] = 2;
      entries.length = 0;
      expect(await driver.getKeys('')).toEqual(['a']);
      expect(await driver.getItem('a')).toBe(1);
    });

    test('removeItem() forgets one key, and one that is not there is no error', async () => {
      const driver = await open();
      await driver.setItems([
        ['a', 1],
        ['ab', 2],
      ]);
      await driver.removeItem('a');
      await driver.removeItem('a');
      await driver.removeItem('absent');
      expect(await driver.getKeys('')).toEqual(['ab']);
    });

    test('getKeys() gives every key that starts with the prefix, and no other', async () => {
      const driver = await open();
      await driver.setItems(nastyKeys.map((key) => [key, 1]));
      for (const prefix of [
        '',
        'a',
        'A',
        'a:',
        'a%',
        'a_',
        '%',
        '_',
        '..',
        'x',
        '\ud83d',
        '\uffff',
        '\0',
        'nothing',
      ]) {
        const expected = nastyKeys.filter((key) => key.startsWith(prefix)).sort();
        expect((await driver.getKeys(prefix)).sort(), JSON.stringify(prefix)).toEqual(expected);
      }
    });

    test('calls after dispose() reject with code "storage", and dispose() is repeatable', async () => {
      const driver = await open();
      await driver.setItems([['a', 1]]);
      await driver.dispose();
      await driver.dispose();
      const calls = [
        () => driver.getItem('a'),
        () => driver.setItems([['a', 2]]),
        () => driver.removeItem('a'),
        () => driver.getKeys(''),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'storage' });
    });
  });
}
