import { describe, expect, onTestFinished, test } from 'vitest';
// By its path: drivers are no part of what the package exports.
import type {
  StorageChange,
  StorageDriver,
  StorageOptions,
  StorageScope,
} from '../../src/drivers/contract.ts';
import { entriesOf } from '../../src/drivers/storage/record-entries.ts';
import { joinKey } from '../../src/drivers/storage/record-key.ts';
import { InstantNodeError } from '../../src/errors.ts';

export type { StorageChange, StorageDriver, StorageOptions, StorageScope };

/** What the contract's tests need to know of a driver. */
export interface StorageHarness {
  /** Whether what was kept is there after the process ends. */
  readonly durable: boolean;
  /** Whether what was kept is there for whoever opens the place next, within the process. Default: as `durable`. */
  readonly reopens?: boolean;
  /** Whether a scope has one owner at a time. */
  readonly exclusive: boolean;
  /** Whether it takes a batch as a whole, and not item by item. Default true. */
  readonly whole?: boolean;
  /** A place that is empty: a file, a folder, a prefix on a server. Removed when the test ends. */
  newPlace(): StoragePlace | Promise<StoragePlace>;
}

/** Where several drivers may be opened, at once and one after the other. */
export interface StoragePlace {
  open(options: StorageOptions): StorageDriver;
  /** Takes a scope from its owner, as another process would that takes that for dead. Where there is no such thing, nothing. */
  usurp?(scope: StorageScope): void | Promise<void>;
}

/** Names that one storage or another takes for each other, for a path, for a pattern, or for something of its own. */
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

/** Texts that one storage or another cuts, changes, or takes for its own. */
const nastyRecords: readonly string[] = [
  ...[
    '',
    ' ',
    '\n',
    'a\nb',
    '\r\n',
    '\t',
    '\0',
    'a\0b',
    'null',
    '-',
    '"',
    "'",
    '\\',
    '\\n',
    '{}',
    '[1,2]',
    '0',
  ],
  ...["'); DROP TABLE items; --", 'é', 'e\u0301', '😀', '\u2028', '\ufeff', '\ufffd', '\uffff', 'synced'],
];

const APP = '5f1c2bd8-3a55-4c2f-9a2e-0d7c0d1f8a11';

/** Options for a driver, with what it says kept. */
export function storageOptions(options: Partial<StorageOptions> = {}): StorageOptions & {
  readonly reports: InstantNodeError[];
  readonly losses: InstantNodeError[];
  /** How often it was told that what it had acknowledged is gone. */
  readonly emptyings: number;
} {
  const reports: InstantNodeError[] = [];
  const losses: InstantNodeError[] = [];
  let emptyings = 0;
  return {
    scope: { appId: APP, instanceKey: '' },
    whenLocked: 'fail',
    hold: false,
    report: (error) => reports.push(error),
    lost: (error) => losses.push(error),
    emptied: () => emptyings++,
    ...options,
    reports,
    losses,
    get emptyings() {
      return emptyings;
    },
  };
}

/** Everything that a driver keeps. */
export async function contentOf(driver: StorageDriver): Promise<Record<string, string | null>> {
  const keys = (await driver.keys()).sort();
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, await driver.get(key)] as const)),
  );
}

/** What a driver keeps under a prefix, in the order in which it gives it. */
export async function entriesIn(driver: StorageDriver, prefix: string): Promise<[string, string][]> {
  const entries: [string, string][] = [];
  for await (const some of entriesOf(driver, prefix)) {
    for (const [key, record] of some) entries.push([key, record]);
  }
  return entries;
}

/** Writes until the driver takes it: a server that is back may have a refusal on its way. */
export async function writeUntilTaken(
  driver: StorageDriver,
  changes: readonly StorageChange[],
): Promise<void> {
  for (;;) {
    try {
      return await driver.write(changes);
    } catch (error) {
      expect(error).toMatchObject({ code: 'storage' });
    }
  }
}

/** The promises that every storage driver keeps, each as a test. */
export function storageContract(name: string, harness: StorageHarness): void {
  const { reopens = harness.durable } = harness;

  /** Opens a driver in a place, for the length of the test. */
  function openIn(place: StoragePlace, options: Partial<StorageOptions> = {}): StorageDriver {
    const driver = place.open(storageOptions(options));
    onTestFinished(() => driver.dispose());
    return driver;
  }

  const open = async (): Promise<StorageDriver> => openIn(await harness.newPlace());

  /** Opening and a first call: a driver may tell with either that it cannot be opened. */
  async function opening(place: StoragePlace, options: Partial<StorageOptions> = {}): Promise<StorageDriver> {
    const driver = openIn(place, options);
    await driver.keys();
    return driver;
  }

  describe(`${name}: the storage contract`, () => {
    test('says what it is', async () => {
      expect(await open()).toMatchObject({
        name: expect.stringMatching(/^[a-z]+$/),
        durable: harness.durable,
      });
    });

    describe('get()', () => {
      test('gives null for a key that is not there', async () => {
        const driver = await open();
        for (const key of ['a', joinKey('kv', 'absent'), 'constructor', '__proto__']) {
          expect(await driver.get(key)).toBeNull();
        }
      });

      test('gives the record as it was written, whatever is in it', async () => {
        const driver = await open();
        await driver.write(nastyRecords.map((record, index) => [`record:${index}`, record]));
        for (const [index, record] of nastyRecords.entries()) {
          expect(await driver.get(`record:${index}`), JSON.stringify(record)).toBe(record);
        }
      });

      test('gives records of 1 MB and of 10 MB', async () => {
        const driver = await open();
        const large = '"\n😀\0x'.repeat(150_000);
        const huge = 'y'.repeat(10_000_000);
        await driver.write([
          ['large', large],
          ['huge', huge],
          ['small', 'z'],
        ]);
        expect((await driver.get('large')) === large).toBe(true);
        expect((await driver.get('huge')) === huge).toBe(true);
        expect(await driver.get('small')).toBe('z');
      });

      test('sees every write that was called before it', async () => {
        const driver = await open();
        const seen: Promise<string | null>[] = [];
        const writes: Promise<void>[] = [];
        for (let turn = 0; turn < 20; turn++) {
          writes.push(driver.write([['a', `${turn}`]]));
          seen.push(driver.get('a'));
        }
        await Promise.all(writes);
        const turns = (await Promise.all(seen)).map(Number);
        for (const [turn, value] of turns.entries()) expect(value).toBeGreaterThanOrEqual(turn);
      });
    });

    describe('write()', () => {
      test('tells keys apart, whatever they were made of', async () => {
        const driver = await open();
        const keys = nastyKeys.map((key) => joinKey('kv', key));
        await driver.write(keys.map((key, index) => [key, `${index}`]));
        for (const [index, key] of keys.entries()) expect(await driver.get(key), key).toBe(`${index}`);
        expect((await driver.keys()).sort()).toEqual([...keys].sort());
        for (const [index, key] of keys.entries()) {
          await driver.write([[key, null]]);
          expect(await driver.get(key)).toBeNull();
          expect(await driver.keys()).toHaveLength(keys.length - index - 1);
        }
      });

      test('replaces a record, forgets one, and does not mind a key that is not there', async () => {
        const driver = await open();
        await driver.write([
          ['a', '1'],
          ['ab', '1'],
        ]);
        await driver.write([['a', '2']]);
        await driver.write([
          ['ab', null],
          ['absent', null],
        ]);
        expect(await contentOf(driver)).toEqual({ a: '2' });
      });

      test('makes the changes of a batch in the order given', async () => {
        const driver = await open();
        await driver.write([
          ['a', '1'],
          ['b', '1'],
          ['a', null],
          ['b', null],
          ['b', '2'],
          ['c', '1'],
          ['c', '2'],
        ]);
        expect(await contentOf(driver)).toEqual({ b: '2', c: '2' });
      });

      test('gives what is under a prefix, each with its key, also when there is much of it', async () => {
        const driver = await open();
        const wanted = Array.from({ length: 1_201 }, (_, n): [string, string] => [`all:${n}`, `a\0 ${n}`]);
        const others = ['all', 'al:1', 'all-:1', 'b'].map((key): StorageChange => [key, 'other']);
        await driver.write([...others, ...wanted, ['all:gone', '1']]);
        await driver.write([['all:gone', null]]);
        expect(new Map(await entriesIn(driver, 'all:'))).toEqual(new Map(wanted));
        expect(await entriesIn(driver, 'nothing:')).toEqual([]);
      });

      test('takes an empty batch', async () => {
        const driver = await open();
        await driver.write([]);
        await Promise.all([driver.write([['a', '1']]), driver.write([]), driver.write([['b', '1']])]);
        expect(await contentOf(driver)).toEqual({ a: '1', b: '1' });
      });

      test('lets batches take effect in the order in which they were called', async () => {
        const driver = await open();
        const settled: number[] = [];
        const writes = Array.from({ length: 200 }, (_, index) =>
          driver
            .write([
              ['last', `${index}`],
              [`own:${index % 10}`, index % 3 === 0 ? null : `${index}`],
            ])
            .then(() => settled.push(index)),
        );
        await Promise.all(writes);
        expect(settled).toEqual([...settled].sort((a, b) => a - b));
        expect(await driver.get('last')).toBe('199');
        for (let own = 0; own < 10; own++) {
          expect(await driver.get(`own:${own}`)).toBe((190 + own) % 3 === 0 ? null : `${190 + own}`);
        }
      });

      test('lets a reader see what was before or what comes after, never a mix', async () => {
        const driver = await open();
        const keys = Array.from({ length: 50 }, (_, index) => `key:${index}`);
        const all = (value: number): StorageChange[] => keys.map((key) => [key, `${value}`]);
        const present = (): Promise<string[]> => driver.keys();
        await driver.write(all(0));
        const sizes: Promise<string[]>[] = [];
        const writes = Array.from({ length: 20 }, (_, index) => {
          const write = driver.write(index % 2 === 0 ? keys.map((key) => [key, null]) : all(index));
          sizes.push(present());
          return write;
        });
        await Promise.all(writes);
        for (const found of await Promise.all(sizes)) expect([0, 50]).toContain(found.length);
        expect(new Set(await Promise.all(keys.map((key) => driver.get(key))))).toEqual(new Set(['19']));
      });

      test('does not hold on to the changes', async () => {
        const driver = await open();
        const change: [string, string | null] = ['a', '1'];
        const changes: StorageChange[] = [change];
        const write = driver.write(changes);
        change[0] = 'b';
        change[1] = null;
        changes.length = 0;
        await write;
        expect(await contentOf(driver)).toEqual({ a: '1' });
      });

      test('takes 10,000 keys at once, and one after the other', async () => {
        const driver = await open();
        const changes = Array.from(
          { length: 10_000 },
          (_, index): StorageChange => [`all:${index}`, `${index}`],
        );
        await driver.write(changes);
        await Promise.all(
          changes.map(([key, record]) => driver.write([[key.replace('all', 'each'), record]])),
        );
        expect(new Set(await driver.keys()).size).toBe(20_000);
        for (const index of [0, 1, 4_999, 9_999]) {
          expect(await driver.get(`all:${index}`)).toBe(`${index}`);
          expect(await driver.get(`each:${index}`)).toBe(`${index}`);
        }
        await driver.write(changes.map(([key]) => [key, null]));
        expect(await driver.keys()).toHaveLength(10_000);
      });
    });

    test.runIf(harness.whole ?? true)('keeps 100,000 pairs as one batch', async () => {
      const place = await harness.newPlace();
      const driver = openIn(place);
      const pairs = (record: string | null): StorageChange[] =>
        Array.from({ length: 100_000 }, (_, index): StorageChange => [`key:${index}`, record]);
      await driver.write([['key:7', 'before']]);
      let isDone = false;
      const write = driver.write([...pairs('one'), ['key:7', 'two']]).then(() => {
        isDone = true;
      });
      expect(await driver.keys()).toHaveLength(100_000);
      expect(isDone).toBe(true);
      await write;
      await driver.dispose();
      const again = openIn(place);
      expect(await again.keys()).toHaveLength(100_000);
      expect(await Promise.all([0, 7, 99_999].map((index) => again.get(`key:${index}`)))).toEqual([
        'one',
        'two',
        'one',
      ]);
    });

    describe('scopes', () => {
      test('never meet, whatever app and instance are called', async () => {
        const place = await harness.newPlace();
        const names = ['', 'a', 'A', 'a:b', 'a:', ':a', '%', '%003a', '..', '../a', '__proto__', 'é', '\0'];
        const scopes = names.flatMap((appId) => names.map((instanceKey) => ({ appId, instanceKey })));
        scopes.push(
          { appId: APP, instanceKey: 'x'.repeat(10_240) },
          { appId: APP, instanceKey: 'X'.repeat(10_240) },
        );
        const drivers = scopes.map((scope) => openIn(place, { scope }));
        await Promise.all(
          drivers.map((driver, index) =>
            driver.write([
              ['a', `${index}`],
              ['a:b', 'x'],
            ]),
          ),
        );
        for (const [index, driver] of drivers.entries()) {
          expect(await contentOf(driver), JSON.stringify(scopes[index])).toEqual({
            a: `${index}`,
            'a:b': 'x',
          });
          await driver.write([['a', null]]);
        }
        for (const driver of drivers) expect(await driver.keys()).toEqual(['a:b']);
      });

      test.runIf(reopens)('are there again when the place is opened anew', async () => {
        const place = await harness.newPlace();
        const scopes = ['one', 'two'].map((instanceKey) => ({ appId: APP, instanceKey }));
        for (const scope of scopes) {
          const driver = openIn(place, { scope });
          await driver.write([
            ['a', scope.instanceKey],
            ['b', '1'],
          ]);
          await driver.write([['b', null]]);
          await driver.dispose();
        }
        for (const scope of scopes) {
          expect(await contentOf(openIn(place, { scope }))).toEqual({ a: scope.instanceKey });
        }
      });
    });

    describe.runIf(harness.exclusive)('owners', () => {
      test('a second one is refused with code "storage-locked", the first goes on', async () => {
        const place = await harness.newPlace();
        const driver = openIn(place);
        await driver.write([['a', '1']]);
        for (let attempt = 0; attempt < 3; attempt++) {
          await expect(opening(place)).rejects.toMatchObject({ code: 'storage-locked' });
        }
        await driver.write([['a', '2']]);
        expect(await driver.get('a')).toBe('2');
      });

      test('the next one has the scope once the first has let go', async () => {
        const place = await harness.newPlace();
        for (const turn of ['1', '2', '3']) {
          const driver = openIn(place);
          expect(await driver.get('a')).toBe(turn === '1' || !reopens ? null : `${Number(turn) - 1}`);
          await driver.write([['a', turn]]);
          await driver.dispose();
        }
      });

      test('of two scopes are two', async () => {
        const place = await harness.newPlace();
        for (const instanceKey of ['one', 'two', 'One']) {
          await opening(place, { scope: { appId: APP, instanceKey } });
        }
      });

      test('one that waits has the scope once the first has let go, and its calls wait in their order', async () => {
        const place = await harness.newPlace();
        const first = openIn(place);
        await first.write([['a', 'first']]);
        const second = openIn(place, { whenLocked: 'wait', hold: true });
        const changes: [string, string][] = [['a', 'second']];
        const calls = [second.get('a'), second.write(changes), second.write([['b', 'x']]), second.get('a')];
        changes.length = 0;
        await first.write([['a', 'first again']]);
        await first.dispose();
        expect(await Promise.all(calls)).toEqual([
          reopens ? 'first again' : null,
          undefined,
          undefined,
          'second',
        ]);
        expect((await second.keys()).sort()).toEqual(['a', 'b']);
      });

      test('one that waits can be disposed of: its calls reject, the scope stays the first’s', async () => {
        const place = await harness.newPlace();
        const first = openIn(place);
        await first.write([['a', '1']]);
        const second = openIn(place, { whenLocked: 'wait' });
        const call = expect(second.write([['a', '2']])).rejects.toMatchObject({ code: 'storage' });
        await second.dispose();
        await second.dispose();
        await call;
        await expect(second.get('a')).rejects.toMatchObject({ code: 'storage' });
        expect(await first.get('a')).toBe('1');
      });

      test('one that was replaced acknowledges nothing any more, and says so once', async ({ skip }) => {
        const place = await harness.newPlace();
        if (!place.usurp) return skip('Nothing can be taken from its owner here');
        const options = storageOptions();
        const driver = openIn(place, options);
        await driver.write([['a', '1']]);
        await place.usurp(options.scope);
        for (const value of ['2', '3']) {
          await expect(driver.write([['a', value]])).rejects.toMatchObject({ code: 'storage-locked' });
        }
        expect(options.losses).toMatchObject([{ code: 'storage-locked' }]);
        await driver.dispose();
      });
    });

    describe('dispose()', () => {
      test('is repeatable, and calls that come later reject with code "storage"', async () => {
        const driver = await open();
        await driver.write([['a', '1']]);
        await Promise.all([driver.dispose(), driver.dispose()]);
        await driver.dispose();
        const calls = [() => driver.get('a'), () => driver.write([['a', '2']]), () => driver.keys()];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'storage' });
      });

      test('waits for batches that were called', async () => {
        const place = await harness.newPlace();
        const driver = openIn(place);
        const writes = Array.from({ length: 100 }, (_, index) => driver.write([[`${index}`, 'x']]));
        await driver.dispose();
        if (reopens) expect(await openIn(place).keys()).toHaveLength(100);
        await Promise.all(writes);
      });
    });

    test('errors say which storage it is, and are InstantNodeErrors', async () => {
      const driver = await open();
      await driver.dispose();
      const error = await driver.get('a').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InstantNodeError);
      expect(String(error)).toContain(`"${driver.name}"`);
    });
  });
}
