import { expect, test } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { FakeDisk, FakeDriver, open, scope } from './envelope.fixture.ts';
import { plainEnvelope } from './record-envelope.ts';
import type { RecordChange, RecordStore, StoreName } from './record-store.ts';

const oldKey = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const rotating = { current: newKey, previous: [Buffer.alloc(32, 3), oldKey] };

const changes: RecordChange[] = [
  ['kv', 'currentUser', { refresh_token: 'the token' }],
  ['kv', 'a:b/../c', [1]],
  ['querySubs', '', { a: '\ud83d' }],
  ['syncSubs', 'x', null],
  ...Array.from({ length: 1_200 }, (_, index) => ['writes', `${index}`, { index }] as const),
];

async function dump(records: RecordStore): Promise<RecordChange[]> {
  const all: RecordChange[] = [];
  for (const store of ['kv', 'querySubs', 'syncSubs', 'writes'] as StoreName[]) {
    const keys = (await records.keys(store)).sort();
    for (const key of keys) all.push([store, key, await records.read(store, key)]);
  }
  return all;
}

function sorted(list: readonly RecordChange[]): RecordChange[] {
  return [...list].sort(([a, b], [c, d]) => (`${a}:${b}` < `${c}:${d}` ? -1 : 1));
}

/** A disk with `changes` of format 1. */
function bareDisk(list: readonly RecordChange[] = changes): FakeDisk {
  const disk = new FakeDisk();
  const encode = (key: string): string =>
    key.replace(/[^A-Za-z0-9_-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  for (const [store, key, value] of list) disk.records.set(`${store}:${encode(key)}`, JSON.stringify(value));
  return disk;
}

async function diskWith(encryptionKey?: unknown, list: readonly RecordChange[] = changes): Promise<FakeDisk> {
  const disk = new FakeDisk();
  const { records } = open(disk, { encryptionKey });
  await records.write(list);
  await records.dispose();
  return disk;
}

const conversions = [
  ['format 1 to plain', () => bareDisk(), undefined],
  ['format 1 to sealed', () => bareDisk(), newKey],
  ['plain to sealed', () => diskWith(), newKey],
  ['plain to sealed, with previous keys', () => diskWith(), rotating],
  ['sealed to another key', () => diskWith(oldKey), rotating],
] as const;

for (const [name, make, encryptionKey] of conversions) {
  test(`${name}: everything is there, and stays`, async () => {
    const disk = await make();
    const { records, reports } = open(disk, { encryptionKey });
    expect(await dump(records)).toEqual(sorted(changes));
    await records.dispose();
    const current = encryptionKey && 'current' in encryptionKey ? encryptionKey.current : encryptionKey;
    const next = open(disk, { encryptionKey: current });
    expect(await dump(next.records)).toEqual(sorted(changes));
    expect([...reports, ...next.reports]).toEqual([]);
    expect(disk.scrubs).toBe(encryptionKey ? 1 : 0);
    expect(next.driver.writes).toBe(0);
    expect(disk.recordKeys).toHaveLength(changes.length);
    if (current) {
      const texts = disk.recordKeys.map((key) => disk.records.get(key)?.slice(0, 3));
      expect(new Set(texts)).toEqual(new Set(['s1.']));
    }
  });

  // Drivers promise that a batch is whole or not there at all; the adapter over other people's drivers cannot keep that.
  test(`${name}: interrupted after any change, in a batch or between two, it is done by the next opening`, async () => {
    const few = changes.slice(0, 8);
    const start = name.startsWith('format 1')
      ? bareDisk(few)
      : await diskWith(name.startsWith('sealed') ? oldKey : undefined, few);
    for (let left = 0; ; left++) {
      const driver = new FakeDriver(start.copy());
      driver.changesLeft = left;
      const first = open(driver, { encryptionKey });
      const wasInterrupted = await first.records.keys('kv').then(
        () => false,
        () => true,
      );
      const again = new FakeDriver(driver.disk);
      again.changesLeft = Math.floor(left / 2);
      await open(again, { encryptionKey })
        .records.keys('kv')
        .catch(() => {});
      const { records, reports } = open(driver.disk, { encryptionKey });
      expect(await dump(records), `after ${left} changes`).toEqual(sorted(few));
      expect(reports).toEqual([]);
      expect(driver.disk.recordKeys).toHaveLength(few.length);
      if (!wasInterrupted) {
        expect(left).toBeGreaterThan(few.length);
        return;
      }
    }
  });

  test(`${name}: what is damaged is set aside, and the rest converted`, async () => {
    const disk = await make();
    disk.records.set(disk.keyLike('kv:currentUser'), '{"refresh_token":"the tok');
    const { records, reports } = open(disk, { encryptionKey });
    await records.opened;
    expect(reports.map(({ message }) => message)).toEqual([
      'Cannot read "currentUser" of "kv" in storage "fake": it was changed or cut short',
    ]);
    expect(await dump(records)).toEqual(sorted(changes.slice(1)));
    const aside = disk.recordKeys.filter((key) => key.startsWith('damaged:'));
    expect(aside).toHaveLength(1);
    const text = disk.records.get(aside[0] as string);
    if (encryptionKey) expect(text).toMatch(/^s1\./);
    else expect(text).toBe('{"refresh_token":"the tok');
  });
}

test('a conversion whose last batch was refused, but is there after a crash, loses nothing', async () => {
  const few = changes.slice(0, 4);
  for (const start of [bareDisk(few), await diskWith(undefined, few), await diskWith(oldKey, few)]) {
    const driver = new FakeDriver(start);
    const refused = new Map<string, string | null>();
    driver.onWrite = (batch) => {
      if (refused.size > 0 || !batch.some(([key]) => key === 'meta:header')) return;
      for (const [key, text] of batch) refused.set(key, text);
      throw new InstantNodeError('storage', 'Cannot sync');
    };
    const { records } = open(driver, { encryptionKey: rotating });
    await expect(records.keys('kv')).rejects.toMatchObject({ message: 'Cannot sync' });
    // The process goes on for some changes, and ends; what later batches named is theirs, the rest comes back.
    for (let left = 1; left < 8; left++) {
      const crashed = new FakeDriver(start.copy());
      crashed.changesLeft = left;
      const named = new Set<string>();
      crashed.onWrite = (batch) => {
        for (const [key] of batch) named.add(key);
      };
      await open(crashed, { encryptionKey: rotating })
        .records.keys('kv')
        .catch(() => {});
      for (const [key, text] of refused)
        if (text !== null && !named.has(key)) crashed.disk.records.set(key, text);
      const next = open(crashed.disk, { encryptionKey: rotating });
      expect(await dump(next.records), `${left} changes later`).toEqual(sorted(few));
    }
  }
});

test('what an interrupted conversion left is not taken for what the next one makes', async () => {
  const few = changes.slice(0, 4);
  const disk = await diskWith(undefined, few);
  const driver = new FakeDriver(disk);
  driver.changesLeft = few.length;
  const first = open(driver, { encryptionKey: newKey }).records;
  await expect(first.keys('kv')).rejects.toMatchObject({ code: 'storage' });
  await first.dispose();
  disk.records.set(disk.keyLike('1:kv:currentUser'), 'broken');
  const { records, reports } = open(disk, { encryptionKey: newKey });
  expect(await dump(records)).toEqual(sorted(few.slice(1)));
  expect(reports).toHaveLength(1);
});

test('after sealing, what was forgotten is removed for good, by a later opening when it did not work', async () => {
  const disk = await diskWith();
  const driver = new FakeDriver(disk);
  driver.onScrub = () => {
    throw new InstantNodeError('storage', 'Disk full');
  };
  const first = open(driver, { encryptionKey: oldKey });
  expect(await first.records.read('kv', 'currentUser')).toEqual({ refresh_token: 'the token' });
  expect(first.reports.map(({ message }) => message)).toEqual([
    'Cannot remove what storage "fake" held before it was sealed: the next start tries again',
  ]);
  expect(disk.everHeld.join()).toContain('the token');
  await open(disk, { encryptionKey: oldKey }).records.opened;
  expect(disk.everHeld.join()).not.toContain('the token');
  await open(disk, { encryptionKey: oldKey }).records.opened;
  expect(disk.scrubs).toBe(1);
});

test('what was set aside readable is sealed with the rest', async () => {
  const disk = await diskWith();
  disk.records.set(disk.keyLike('kv:currentUser'), 'p1.broken but readable: the token');
  const { records } = open(disk);
  await records.read('kv', 'currentUser');
  expect([...disk.records.values()].join()).toContain('the token');
  await open(disk, { encryptionKey: oldKey }).records.opened;
  expect([...disk.records.values()].join()).not.toContain('the token');
  const [place] = disk.recordKeys.filter((key) => key.startsWith('damaged:'));
  const before = disk.records.get(place as string);
  await open(disk, { encryptionKey: rotating }).records.opened;
  expect(disk.records.get(place as string)).not.toBe(before);
});

test.each([
  ['no key', undefined, 'it is sealed, and no key was given'],
  ['another key', newKey, 'it is sealed with another key than encryptionKey'],
  ['a passphrase', 'correct horse', 'it is sealed with another key than encryptionKey'],
  [
    'other keys',
    { current: newKey, previous: [Buffer.alloc(32, 3)] },
    'it is sealed with another key than encryptionKey',
  ],
])('a sealed storage is refused with %s, and left as it was', async (_, encryptionKey, message) => {
  const disk = await diskWith(oldKey);
  const before = new Map(disk.records);
  const { records, driver } = open(disk, { encryptionKey });
  const refusal = { code: 'storage', message: `Cannot open storage "fake": ${message}` };
  await expect(records.opened).rejects.toMatchObject(refusal);
  await expect(records.read('kv', 'a')).rejects.toMatchObject(refusal);
  await expect(records.write([['kv', 'a', 1]])).rejects.toMatchObject(refusal);
  await expect(records.keys('kv')).rejects.toMatchObject(refusal);
  expect(driver.writes).toBe(0);
  expect(disk.records).toEqual(before);
  const { records: right } = open(disk, { encryptionKey: oldKey });
  expect(await right.read('kv', 'currentUser')).toEqual({ refresh_token: 'the token' });
});

test('a passphrase opens what it sealed, however its letters are composed, and another does not', async () => {
  const disk = await diskWith('Zoë is a passphrase', changes.slice(0, 3));
  const { records } = open(disk, { encryptionKey: 'Zoe\u0308 is a passphrase' });
  expect(await records.read('kv', 'currentUser')).toEqual({ refresh_token: 'the token' });
  await expect(open(disk, { encryptionKey: 'Zoe is a passphrase' }).records.opened).rejects.toMatchObject({
    code: 'storage',
  });
  const rotated = open(disk, { encryptionKey: { current: newKey, previous: ['Zoë is a passphrase'] } });
  await rotated.records.opened;
  expect(await open(disk, { encryptionKey: newKey }).records.read('kv', 'a:b/../c')).toEqual([1]);
});

test('a storage of a newer version is refused, and left as it was', async () => {
  const disk = await diskWith(undefined, changes.slice(0, 3));
  const json = JSON.stringify({ format: 3, whatever: true });
  for (const keys of [['meta:header', 'meta:header-copy'], ['meta:header'], ['meta:header-copy']]) {
    const newer = disk.copy();
    for (const key of keys) newer.records.set(key, plainEnvelope(scope).wrap(key, json));
    const before = new Map(newer.records);
    for (const encryptionKey of [undefined, newKey]) {
      const { records } = open(newer, { encryptionKey });
      await expect(records.opened).rejects.toMatchObject({
        code: 'storage',
        message: 'Cannot open storage "fake": it was written by a newer version of @instantdb/node',
      });
      await expect(records.write([['kv', 'a', 1]])).rejects.toMatchObject({ code: 'storage' });
    }
    expect(newer.records).toEqual(before);
  }
});

for (const [kind, encryptionKey] of [
  ['plain', undefined],
  ['sealed', oldKey],
] as const) {
  test(`${kind}: one of the two headers may be damaged or missing, and is mended`, async () => {
    const disk = await diskWith(encryptionKey, changes.slice(0, 3));
    for (const key of ['meta:header', 'meta:header-copy']) {
      const whole = disk.records.get(key) as string;
      for (const text of [
        undefined,
        '',
        'p1.',
        whole.replace('"format":2', '"format":3'),
        whole.slice(0, -1),
      ]) {
        const damaged = disk.copy();
        if (text === undefined) damaged.records.delete(key);
        else damaged.records.set(key, text);
        const { records, reports } = open(damaged, { encryptionKey });
        expect(await records.read('kv', 'currentUser')).toEqual({ refresh_token: 'the token' });
        expect(reports).toHaveLength(text === undefined ? 0 : 1);
        expect(damaged.records.get(key)).toBe(whole);
      }
    }
  });

  test(`${kind}: without a usable header the storage is refused, and left as it was`, async () => {
    const disk = await diskWith(encryptionKey, changes.slice(0, 3));
    const keys = ['meta:header', 'meta:header-copy'];
    for (const texts of [[], ['x'], ['x', 'x'], ['p1.{}']]) {
      const damaged = disk.copy();
      for (const key of keys) damaged.records.delete(key);
      for (const [index, text] of texts.entries()) damaged.records.set(keys[index] as string, text);
      const before = new Map(damaged.records);
      const { records } = open(damaged, { encryptionKey });
      await expect(records.opened).rejects.toMatchObject({ code: 'storage' });
      await expect(records.write([['kv', 'a', 1]])).rejects.toMatchObject({ code: 'storage' });
      expect(damaged.records).toEqual(before);
    }
  });
}

test('a conversion that the driver refuses fails the calls that wait, and is done by a later one', async () => {
  const disk = bareDisk();
  const driver = new FakeDriver(disk);
  driver.onWrite = () => {
    throw new InstantNodeError('storage', 'Disk full');
  };
  const { records } = open(driver, { encryptionKey: newKey });
  await expect(records.read('kv', 'currentUser')).rejects.toMatchObject({ message: 'Disk full' });
  driver.onWrite = () => {};
  expect(await dump(records)).toEqual(sorted(changes));
  await records.opened;
});
