import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { deferred } from '../timing/deferred.ts';
import { FakeDisk, FakeDriver, open, scope } from './envelope.fixture.ts';
import type { RecordChange } from './records.ts';

const key = Buffer.alloc(32, 7);
const other = { appId: '22222222-2222-4222-8222-222222222222', instanceKey: 'one' };

const kinds = [
  ['plain', undefined],
  ['sealed', key],
] as const;

for (const [kind, encryptionKey] of kinds) {
  test(`${kind}: read() gives what write() kept, in this process and the next`, async () => {
    const disk = new FakeDisk();
    const values = [
      ...[true, false, 0, -1.5, 1e300, '', 'a\0b', '😀', '\ud83d', 'null', null, [], {}, [null, [1]]],
      ...[JSON.parse('{"__proto__":{"a":1},"constructor":2}'), 'x'.repeat(1_000_000)],
    ];
    const { records } = open(disk, { encryptionKey });
    await records.write(values.map((value, index) => ['kv', `value ${index}`, value] as const));
    await records.dispose();
    const next = open(disk, { encryptionKey });
    for (const [index, value] of values.entries()) {
      const read = await next.records.read('kv', `value ${index}`);
      expect(JSON.stringify(read)).toBe(JSON.stringify(value));
    }
    expect(next.reports).toEqual([]);
  });

  test(`${kind}: any key of any store is a record of its own`, async () => {
    const anyKey = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      maxLength: 6,
    });
    const name = fc.tuple(
      fc.constantFrom('kv', 'querySubs', 'syncSubs', 'writes'),
      fc.oneof(anyKey, fc.constantFrom('', ':', 'kv:a', '../a', '1:kv:a', '__proto__', 'x'.repeat(10_240))),
    );
    const seed = Date.now();
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { selector: String, maxLength: 12 }), async (names) => {
        const disk = new FakeDisk();
        const { records } = open(disk, { encryptionKey });
        await records.write(names.map(([store, id], index) => [store, id, index] as RecordChange));
        const next = open(disk, { encryptionKey }).records;
        for (const [index, [store, id]] of names.entries()) expect(await next.read(store, id)).toBe(index);
        for (const store of ['kv', 'querySubs', 'syncSubs', 'writes'] as const) {
          const expected = names.filter(([of]) => of === store).map(([, id]) => id);
          expect((await next.keys(store)).sort()).toEqual(expected.sort());
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  test(`${kind}: write() keeps its changes in order, and undefined forgets a key`, async () => {
    const { records } = open(new FakeDisk(), { encryptionKey });
    await records.write([
      ['kv', 'a', 1],
      ['kv', 'b', 1],
      ['kv', 'a', undefined],
      ['kv', 'b', 2],
    ]);
    expect(await records.read('kv', 'a')).toBeNull();
    expect(await records.read('kv', 'b')).toBe(2);
    expect(await records.keys('kv')).toEqual(['b']);
  });

  test(`${kind}: calls take effect in the order in which they were called, also before the storage is open`, async () => {
    const disk = new FakeDisk();
    const driver = new FakeDriver(disk);
    const opening = deferred<void>();
    driver.onGet = () => opening.promise;
    const { records } = open(driver, { encryptionKey });
    const list = [1];
    const writes = [records.write([['kv', 'a', list]]), records.write([['kv', 'b', 1]])];
    const read = records.read('kv', 'a');
    const later = records.write([['kv', 'a', 2]]);
    list.push(2);
    opening.resolve();
    await Promise.all([...writes, later]);
    expect(await read).toEqual([1]);
    expect(await records.read('kv', 'a')).toBe(2);
  });

  test(`${kind}: a value that JSON cannot hold rejects its batch, of which nothing is kept`, async () => {
    const { records, driver } = open(new FakeDisk(), { encryptionKey });
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    const thrower = {
      toJSON() {
        throw new Error('no');
      },
    };
    for (const value of [1n, cycle, () => {}, Symbol('a'), thrower]) {
      const writing = records.write([
        ['kv', 'a', 1],
        ['kv', 'b', value],
      ]);
      await expect(writing).rejects.toMatchObject({
        code: 'storage',
        message: 'Cannot keep "b" of "kv": JSON cannot hold the value',
      });
    }
    expect(driver.disk.records.size).toBe(0);
    await records.write([['kv', 'a', 1]]);
    expect(await records.read('kv', 'a')).toBe(1);
  });

  test(`${kind}: opening a new storage writes nothing, and reading from it neither`, async () => {
    const { records, driver } = open(new FakeDisk(), { encryptionKey });
    await records.opened;
    expect(await records.read('kv', 'a')).toBeNull();
    expect(await records.keys('writes')).toEqual([]);
    await records.dispose();
    expect(driver.writes).toBe(0);
  });

  test(`${kind}: opening a storage that is as it should be writes nothing`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([['kv', 'a', 1]]);
    const { records, driver } = open(disk, { encryptionKey });
    await records.opened;
    expect(driver.writes).toBe(0);
  });

  test(`${kind}: when the first batches fail, a later one alone can be read by the next process`, async () => {
    const disk = new FakeDisk();
    const { records, driver } = open(disk, { encryptionKey });
    driver.onWrite = () => {
      if (driver.writes++ < 2) throw new InstantNodeError('storage', 'Disk full');
    };
    const writes = ['a', 'b', 'c'].map((id) => records.write([['kv', id, id]]));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    const next = open(disk, { encryptionKey });
    expect(await next.records.keys('kv')).toEqual(['c']);
    expect(await next.records.read('kv', 'c')).toBe('c');
  });

  test(`${kind}: every flipped bit of a record is noticed, and the record set aside`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([['kv', 'a', { token: 'secret' }]]);
    const driverKey = disk.keyLike(':a');
    const bytes = Buffer.from(disk.textLike(':a'), 'latin1');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const damaged = disk.copy();
      damaged.records.set(driverKey, changed.toString('latin1'));
      const { records, reports } = open(damaged, { encryptionKey });
      expect(await records.read('kv', 'a'), `bit ${bit}`).toBeNull();
      expect(reports).toHaveLength(1);
    }
  });

  test(`${kind}: a record that was cut short, swapped, or moved from another key, store, app or instance is noticed`, async () => {
    const disk = new FakeDisk();
    const changes: RecordChange[] = [
      ['kv', 'a', 1],
      ['kv', 'b', 2],
      ['querySubs', 'a', 3],
    ];
    await open(disk, { encryptionKey }).records.write(changes);
    const text = disk.textLike('kv:a');
    const elsewhere = [other, { ...scope, instanceKey: 'two' }, { ...scope, instanceKey: '' }];
    const texts = [
      disk.textLike('kv:b'),
      disk.textLike('querySubs:a'),
      ...[0, 1, 3, 10, text.length - 1].map((length) => text.slice(0, length)),
      ...['p1.', 's1.', '1', 'null', '{"a":1}', `${text}A`, `${text}=`, ` ${text}`],
    ];
    for (const of of elsewhere) {
      const moved = new FakeDisk();
      await open(moved, { encryptionKey, scope: of }).records.write(changes);
      texts.push(moved.textLike('kv:a'));
    }
    for (const wrong of texts) {
      const damaged = disk.copy();
      damaged.records.set(disk.keyLike('kv:a'), wrong);
      const { records, reports } = open(damaged, { encryptionKey });
      expect(await records.read('kv', 'a'), wrong).toBeNull();
      expect(reports).toHaveLength(1);
      expect(await records.read('kv', 'b')).toBe(2);
    }
  });

  test(`${kind}: the records of another app, header and all, are not taken for one’s own`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey, scope: other }).records.write([['writes', 'a', 'theirs']]);
    const { records } = open(disk, { encryptionKey });
    await expect(records.opened).rejects.toMatchObject({ code: 'storage' });
    await expect(records.read('writes', 'a')).rejects.toMatchObject({ code: 'storage' });
  });

  test(`${kind}: a damaged record is set aside once, reported without its value, and the rest goes on`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([
      ['writes', 'a', 'secret a'],
      ['writes', 'b', 'b'],
    ]);
    const driverKey = disk.keyLike(':a');
    const broken = `${disk.textLike(':a').slice(0, -1)}!`;
    disk.records.set(driverKey, broken);
    const { records, reports } = open(disk, { encryptionKey });
    expect(await Promise.all([records.read('writes', 'a'), records.read('writes', 'a')])).toEqual([
      null,
      null,
    ]);
    expect(await records.read('writes', 'a')).toBeNull();
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      code: 'storage',
      message: 'Cannot read "a" of "writes" in storage "fake": it was changed or cut short',
    });
    expect(`${reports[0]?.message} ${reports[0]?.hint}`).not.toContain('secret');
    expect(await records.keys('writes')).toEqual(['b']);
    for (const store of ['kv', 'querySubs', 'syncSubs'] as const)
      expect(await records.keys(store)).toEqual([]);
    const aside = disk.recordKeys.filter((it) => it.startsWith('damaged:'));
    expect(aside.map((it) => it.slice(0, -12))).toEqual(['damaged:writes:a:']);
    expect(disk.records.get(aside[0] as string)).toBe(broken);
    await records.write([['writes', 'a', 'anew']]);
    expect(await open(disk, { encryptionKey }).records.read('writes', 'a')).toBe('anew');
    expect(disk.records.get(aside[0] as string)).toBe(broken);
  });

  test(`${kind}: what is written while a damaged record is set aside stays`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([['kv', 'a', 1]]);
    disk.records.set(disk.keyLike(':a'), 'broken');
    for (const nth of [1, 2]) {
      const driver = new FakeDriver(disk.copy());
      const { records } = open(driver, { encryptionKey });
      await records.opened;
      let gets = 0;
      let written: Promise<void> | undefined;
      driver.onGet = () => {
        if (++gets === nth) written = records.write([['kv', 'a', 'good']]);
      };
      await records.read('kv', 'a');
      await written;
      expect(await records.read('kv', 'a'), `written during get ${nth}`).toBe('good');
    }
  });

  test(`${kind}: a damaged record that cannot be set aside is null, stays, and is reported`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([['kv', 'a', 1]]);
    disk.records.set(disk.keyLike(':a'), 'broken');
    const { records, driver, reports } = open(disk, { encryptionKey });
    driver.onWrite = () => {
      throw new InstantNodeError('storage', 'Disk full');
    };
    expect(await records.read('kv', 'a')).toBeNull();
    expect(reports.map(({ message }) => message)).toEqual([
      'Cannot set aside "a" of "kv" in storage "fake", which is damaged',
    ]);
    expect(disk.textLike(':a')).toBe('broken');
  });

  test(`${kind}: a driver that cannot read is not damage`, async () => {
    const disk = new FakeDisk();
    await open(disk, { encryptionKey }).records.write([['kv', 'a', 1]]);
    const { records, driver, reports } = open(disk, { encryptionKey });
    await records.opened;
    const failure = new InstantNodeError('storage', 'Away');
    driver.onGet = () => Promise.reject(failure);
    await expect(records.read('kv', 'a')).rejects.toBe(failure);
    driver.onGet = () => {};
    expect(await records.read('kv', 'a')).toBe(1);
    expect(reports).toEqual([]);
  });

  test(`${kind}: calls after dispose() reject, and those before it do not`, async () => {
    const { records, driver } = open(new FakeDisk(), { encryptionKey });
    await records.opened;
    const before = [records.write([['kv', 'a', 1]]), records.read('kv', 'a'), records.keys('kv')];
    const disposal = records.dispose();
    const after = [records.read('kv', 'a'), records.write([['kv', 'a', 2]]), records.keys('kv')];
    for (const call of after) await expect(call).rejects.toMatchObject({ code: 'storage' });
    expect(await Promise.all(before)).toEqual([undefined, 1, ['a']]);
    await disposal;
    await records.dispose();
    let calls = 0;
    driver.get = async () => {
      calls++;
      return null;
    };
    await expect(records.read('kv', 'a')).rejects.toMatchObject({
      code: 'storage',
      message: 'Cannot use storage "fake": it is closed',
    });
    expect(calls).toBe(0);
  });
}

test('a driver that fails while it is opened fails the calls that wait, and the next call tries again', async () => {
  const disk = new FakeDisk();
  await open(disk).records.write([['kv', 'a', 1]]);
  const driver = new FakeDriver(disk);
  const failure = new InstantNodeError('storage', 'Away');
  driver.onGet = () => Promise.reject(failure);
  const { records, reports } = open(driver);
  let isOpen = false;
  const opened = records.opened.then(() => {
    isOpen = true;
  });
  await expect(records.read('kv', 'a')).rejects.toBe(failure);
  await expect(records.keys('kv')).rejects.toBe(failure);
  expect(isOpen).toBe(false);
  driver.onGet = () => {};
  expect(await records.read('kv', 'a')).toBe(1);
  await opened;
  expect(reports).toMatchObject([
    { code: 'storage', message: 'Cannot open storage "fake" yet: it is tried again', cause: failure },
  ]);
});

test('a fault of a program is not tried again as an outage is: opened rejects, once, with the cause', async () => {
  const driver = new FakeDriver();
  const cause = new RangeError('Maximum call stack size exceeded');
  let gets = 0;
  driver.onGet = () => {
    gets++;
    throw cause;
  };
  const { records, reports } = open(driver);
  await expect(records.opened).rejects.toMatchObject({ code: 'storage', hint: expect.any(String), cause });
  const before = gets;
  await expect(records.read('kv', 'a')).rejects.toMatchObject({ cause });
  expect(gets).toBe(before);
  expect(reports).toEqual([]);
});

test('a driver that fails while it is opened is tried again when nobody calls', async () => {
  const driver = new FakeDriver();
  let failures = 0;
  driver.onGet = () => {
    if (++failures < 6) throw new InstantNodeError('storage', 'Away');
  };
  const { records, reports } = open(driver);
  await records.opened;
  expect(reports).toHaveLength(1);
});

test('opened rejects when another process has the storage', async () => {
  const driver = new FakeDriver();
  const locked = new InstantNodeError('storage-locked', 'Cannot open storage "fake": process 1 has it open');
  driver.onGet = () => Promise.reject(locked);
  const { records } = open(driver);
  await expect(records.opened).rejects.toBe(locked);
  await expect(records.write([['kv', 'a', 1]])).rejects.toBe(locked);
});

test('dispose() ends the waiting for a driver that never opens', async () => {
  const driver = new FakeDriver();
  const held = deferred<void>();
  driver.onGet = () => held.promise;
  driver.dispose = async () => held.reject(new InstantNodeError('storage', 'Closed'));
  const { records } = open(driver);
  const write = records.write([['kv', 'a', 1]]);
  await records.dispose();
  await expect(write).rejects.toMatchObject({ code: 'storage' });
  await expect(records.opened).rejects.toMatchObject({ code: 'storage' });
});
