import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Disk, type DiskFile, machineDisk } from '../../src/drivers/storage/filesystem/disk.ts';
// By their paths: drivers are no part of what the package exports.
import { openFilesystemStorage } from '../../src/drivers/storage/filesystem/filesystem.ts';
import { encodeBatch, encodeHeader, encodeSynced } from '../../src/drivers/storage/filesystem/log-line.ts';
import { lockFile } from '../../src/drivers/storage/lock/lock-file.ts';
import { fileNameOf } from '../../src/drivers/storage/scope-file-name.ts';
import { seededRandom } from '../support/random.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import {
  contentOf,
  type StorageDriver,
  type StorageOptions,
  storageOptions,
} from '../support/storage-contract.ts';

const seed = Number(process.env.FILES_SEED ?? 20_261_123);

const { scope } = storageOptions();

function openAt(folder: string, options: StorageOptions = storageOptions(), disk?: Disk): StorageDriver {
  const driver = openFilesystemStorage(folder, options, disk);
  onTestFinished(() => driver.dispose());
  return driver;
}

const scopeFolder = (folder: string): string => `${folder}/${fileNameOf(scope)}`;

/** The logs of a folder that holds one scope, the newest last. */
function logsIn(folder: string): string[] {
  const names = readdirSync(scopeFolder(folder)).filter((name) => name.startsWith('log-'));
  return names.sort().map((name) => `${scopeFolder(folder)}/${name}`);
}

function logIn(folder: string): string {
  expect(logsIn(folder)).toHaveLength(1);
  return logsIn(folder)[0] as string;
}

/** Copies a storage; Node 24 gives a copied folder a mode of its own (seen on 24.x), which would be told of. */
function copyFolder(folder: string, copy: string): void {
  cpSync(folder, copy, { recursive: true });
  chmodSync(copy, 0o700);
}

/** A folder with a log of `count` batches, each with a sync of its own, and no owner. */
async function folderWith(count: number): Promise<string> {
  const folder = `${temporaryFolder()}/data`;
  const driver = openAt(folder);
  for (let n = 0; n < count; n++) {
    await driver.write([
      [`batch:${n}:a`, `${n}`],
      [`batch:${n}:b`, 'x'.repeat(n * 7)],
    ]);
  }
  await driver.dispose();
  return folder;
}

/** The same, with an owner that has not closed it. That is of this process, so its lock is left out. */
async function folderLeftOpen(count: number): Promise<string> {
  const folder = `${temporaryFolder()}/data`;
  const driver = openAt(folder);
  for (let n = 0; n < count; n++) {
    await driver.write([
      [`batch:${n}:a`, `${n}`],
      [`batch:${n}:b`, 'x'.repeat(n * 7)],
    ]);
  }
  const copy = `${folder}-left`;
  copyFolder(folder, copy);
  rmSync(lockFile(`${scopeFolder(copy)}/scope`, 1));
  return copy;
}

/** A function that counts its calls. */
function counter(): (() => void) & { count: number } {
  const count = Object.assign(
    () => {
      count.count++;
    },
    { count: 0 },
  );
  return count;
}

/** What is left of a log stands in one file beside it, if anything is. */
function expectSetAside(folder: string, left: Buffer): void {
  const aside = readdirSync(scopeFolder(folder)).filter((name) => name.startsWith('damaged-'));
  expect(aside).toEqual(left.length > 0 ? ['damaged-1'] : []);
  if (left.length > 0) expect(readFileSync(`${scopeFolder(folder)}/damaged-1`).equals(left)).toBe(true);
}

/** Opens a damaged log, which tells of that once and keeps what is left aside; the next owner hears nothing. Gives the batches. */
async function expectToldOnce(
  folder: string,
  left: Buffer,
  use: (driver: StorageDriver) => Promise<void> = async () => {},
): Promise<number[]> {
  const options = storageOptions();
  const driver = openAt(folder, options);
  await use(driver);
  await driver.write([['later', '1']]);
  await driver.write([['later', null]]);
  const keys = (await driver.keys()).sort();
  await driver.dispose();
  expect(options.reports).toMatchObject([
    { code: 'storage', message: expect.stringMatching(/^Found the log of .* damaged, /) },
  ]);
  expectSetAside(folder, left);
  const later = storageOptions();
  const again = openAt(folder, later);
  expect((await again.keys()).sort()).toEqual(keys);
  const found = keys.filter((key) => key.endsWith(':a')).map((key) => Number(key.split(':')[1]));
  await again.dispose();
  expect(later.reports).toEqual([]);
  return found;
}

/** The numbers of the batches that are there; fails for one of which half is there. */
async function batchesIn(driver: StorageDriver): Promise<number[]> {
  const content = await contentOf(driver);
  const numbers = Object.keys(content)
    .filter((key) => key.endsWith(':a'))
    .map((key) => Number(content[key]))
    .sort((a, b) => a - b);
  for (const n of numbers) expect(content[`batch:${n}:b`]).toBe('x'.repeat(n * 7));
  expect(Object.keys(content)).toHaveLength(2 * numbers.length);
  return numbers;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** The machine's disk, which counts its syncs. */
function countingDisk(): Disk & { syncs: number } {
  const counted = (file: DiskFile): DiskFile => ({
    ...file,
    sync: () => {
      disk.syncs++;
      return file.sync();
    },
  });
  const disk = {
    ...machineDisk,
    openFile: (path: string) => counted(machineDisk.openFile(path)),
    createFile: (path: string) => counted(machineDisk.createFile(path)),
    syncs: 0,
  };
  return disk;
}

describe('storage "filesystem"', () => {
  test('makes its files for the owner alone, in folders for the owner alone', async () => {
    const folder = `${temporaryFolder()}/made/here`;
    await openAt(folder).write([['a', '1']]);
    const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    for (const path of [folder, `${folder}/..`, scopeFolder(folder)]) expect(modeOf(path)).toBe('700');
    const names = readdirSync(scopeFolder(folder)).sort();
    expect(names).toEqual(['log-v1-1-0', 'scope.lock.1']);
    for (const name of names) expect(modeOf(`${scopeFolder(folder)}/${name}`)).toBe('600');
  });

  test('leaves a folder that is there as it is', async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/data`, { mode: 0o755 });
    writeFileSync(`${folder}/data/mine`, 'kept');
    await openAt(`${folder}/data`).write([['a', '1']]);
    expect((statSync(`${folder}/data`).mode & 0o777).toString(8)).toBe('755');
    expect(readFileSync(`${folder}/data/mine`, 'utf8')).toBe('kept');
  });

  test('has on disk what a promise said was stored: a copy of the files holds it', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data`);
    for (let n = 0; n < 5; n++) {
      await driver.write([['a', `${n}`]]);
      cpSync(`${folder}/data`, `${folder}/copy${n}`, { recursive: true });
      // The copy of the lock says that this process holds it.
      rmSync(lockFile(`${scopeFolder(`${folder}/copy${n}`)}/scope`, 1));
      expect(await openAt(`${folder}/copy${n}`).get('a')).toBe(`${n}`);
    }
  });

  test('syncs once for what is in flight together', async () => {
    const disk = countingDisk();
    const driver = openAt(`${temporaryFolder()}/data`, storageOptions(), disk);
    await driver.write([['a', '1']]);
    disk.syncs = 0;
    await Promise.all(upTo(1_000).map((n) => driver.write([[`key:${n}`, `${n}`]])));
    expect(disk.syncs).toBeGreaterThan(0);
    expect(disk.syncs).toBeLessThanOrEqual(2);
    expect(await driver.keys()).toHaveLength(1_001);
  });

  test('writes its log anew when most of it is garbage, while it is read and written', async () => {
    const folder = `${temporaryFolder()}/data`;
    const driver = openAt(folder);
    await driver.write(upTo(200).map((n) => [`kept:${n}`, `${n}`]));
    const first = logIn(folder);
    const megabyte = 'x'.repeat(1_000_000);
    let n = 0;
    for (; existsSync(first); n++) {
      expect(n).toBeLessThan(200);
      const write = driver.write([
        ['large', `${n} ${megabyte}`],
        [`kept:${n % 50}`, `again ${n}`],
      ]);
      expect(await driver.get('kept:100')).toBe('100');
      await write;
    }
    await driver.dispose();
    expect(statSync(logIn(folder)).size).toBeLessThan((n - 1) * 1_000_000);
    const again = openAt(folder);
    expect((await again.get('large'))?.split(' ')[0]).toBe(`${n - 1}`);
    expect(await again.get(`kept:${(n - 1) % 50}`)).toBe(`again ${n - 1}`);
    for (const kept of upTo(150)) expect(await again.get(`kept:${kept + 50}`)).toBe(`${kept + 50}`);
    expect(await again.keys()).toHaveLength(201);
  });

  test('can be disposed of while its log is written anew', async () => {
    const folder = `${temporaryFolder()}/data`;
    const megabyte = 'x'.repeat(1_000_000);
    for (let turn = 0; turn < 10; turn++) {
      const driver = openAt(folder);
      for (const n of upTo(6)) await driver.write([['large', `${turn} ${n} ${megabyte}`]]);
      await driver.dispose();
      logIn(folder);
      const again = openAt(folder);
      expect((await again.get('large'))?.slice(0, 3)).toBe(`${turn} 5`);
      await again.dispose();
    }
  });

  test('wherever its log ends when its owner is killed, the batches before that are there, it goes on and says nothing', async () => {
    const count = 8;
    const folder = await folderLeftOpen(count);
    const bytes = readFileSync(logIn(folder));
    // What is there from the beginning on is on the disk before the log has its name.
    const beginning = encodeHeader(1).length + encodeSynced(0).length;
    let before = 0;
    for (let size = beginning; size <= bytes.length; size++) {
      // All of the first lines, and then enough to be quick.
      if (size > 200 && size % 7 !== 0 && size !== bytes.length) continue;
      const copy = `${temporaryFolder()}/data`;
      copyFolder(folder, copy);
      truncateSync(logIn(copy), size);
      const options = storageOptions();
      const driver = openAt(copy, options);
      const found = await batchesIn(driver);
      expect(found).toEqual(upTo(found.length));
      expect(found.length).toBeGreaterThanOrEqual(before);
      before = found.length;
      await driver.write([['batch:8:a', '8']]);
      await driver.write([['batch:8:b', 'x'.repeat(56)]]);
      await driver.dispose();
      expect(await batchesIn(openAt(copy))).toEqual([...found, 8]);
      expect(options.reports).toEqual([]);
    }
    expect(before).toBe(count);
  });

  test('wherever its log was cut off after it was closed, that is told once, and what is left is set aside and goes on', async () => {
    const count = 4;
    const folder = await folderWith(count);
    const bytes = readFileSync(logIn(folder));
    for (let size = 0; size < bytes.length; size += size < 60 ? 1 : 7) {
      const copy = `${temporaryFolder()}/data`;
      copyFolder(folder, copy);
      truncateSync(logIn(copy), size);
      const found = await expectToldOnce(copy, bytes.subarray(0, size));
      expect(found).toEqual(upTo(found.length));
    }
  });

  const damages: [name: string, damage: (bytes: Buffer, folder: string) => Buffer | undefined][] = [
    ['empty', () => Buffer.alloc(0)],
    ['of NULs', (bytes) => Buffer.alloc(bytes.length)],
    ['of NULs behind its first line', (bytes) => Buffer.concat([encodeHeader(1)], bytes.length)],
    ['cut in half', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['longer', (bytes) => Buffer.concat([bytes, ...encodeBatch(9, 4, [['more', '1']])])],
    ['gone', () => undefined],
  ];

  test.each(damages)('a log that is found %s after it was closed is told of once', async (_, damage) => {
    const folder = await folderWith(4);
    const log = logIn(folder);
    const left = damage(readFileSync(log), folder);
    if (left) writeFileSync(log, left);
    else rmSync(log);
    await expectToldOnce(folder, left ?? Buffer.alloc(0), (driver) => driver.write([['more', null]]));
  });

  test('a log in the place of which an older copy was put is told of once, and goes on', async () => {
    const folder = await folderWith(2);
    const older = readFileSync(logIn(folder));
    const driver = openAt(folder);
    await driver.write([['batch:2:a', '2']]);
    await driver.write([['batch:2:b', 'x'.repeat(14)]]);
    await driver.dispose();
    writeFileSync(logIn(folder), older);
    expect(await expectToldOnce(folder, older)).toEqual([0, 1]);
  });

  test.each(damages.slice(0, 2))(
    'a log that is found %s is told of once, however its owner ended',
    async (_, damage) => {
      const folder = await folderLeftOpen(4);
      const left = damage(readFileSync(logIn(folder)), folder) as Buffer;
      writeFileSync(logIn(folder), left);
      await expectToldOnce(folder, left);
    },
  );

  test('a log that is shorter than an owner had left it is told of, though the next one was killed', async () => {
    const folder = await folderWith(4);
    const driver = openAt(folder);
    const place = `${scopeFolder(folder)}/scope`;
    const held = readFileSync(lockFile(place, 2), 'utf8');
    await driver.dispose();
    // As of a process that has ended.
    writeFileSync(lockFile(place, 2), held.replace(/"pid":\d+,.*"fence"/, '"pid":1,"fence"'));
    utimesSync(lockFile(place, 2), 1, 1);
    const left = readFileSync(logIn(folder)).subarray(0, 300);
    writeFileSync(logIn(folder), left);
    await expectToldOnce(folder, left);
  });

  test('keeps what it has when its locks were lost or left out of a copy, and the log is damaged too', async () => {
    const folder = await folderLeftOpen(4);
    for (let turn = 0; turn < 3; turn++) {
      const driver = openAt(folder);
      await driver.write([['turn', `${turn}`]]);
      await driver.scrub?.();
      await driver.dispose();
      for (const name of readdirSync(scopeFolder(folder)))
        if (name.startsWith('scope.lock.')) rmSync(`${scopeFolder(folder)}/${name}`);
      const again = openAt(folder);
      expect(await again.keys()).toHaveLength(9);
      expect(await again.get('turn')).toBe(`${turn}`);
      await again.dispose();
    }
  });

  test('says nothing of what it has left itself: opened and closed, written to, written anew, and after it was told', async () => {
    const folder = await folderWith(3);
    const options = storageOptions();
    for (let turn = 0; turn < 3; turn++) {
      await openAt(folder, options).dispose();
      const driver = openAt(folder, options);
      await driver.write([['more', `${turn}`]]);
      if (turn === 1) await driver.scrub?.();
      if (turn === 2) await driver.write([['more', null]]);
      await driver.dispose();
    }
    expect(await batchesIn(openAt(folder, options))).toEqual(upTo(3));
    expect(options.reports).toEqual([]);
  });

  test.each([0, 300])(
    'a log that is cut off at byte %i while it is open is noticed before anything more is acknowledged',
    async (size) => {
      const folder = await folderWith(4);
      const emptied = counter();
      const options = { ...storageOptions(), emptied };
      const driver = openAt(folder, options);
      const left = readFileSync(logIn(folder)).subarray(0, size);
      truncateSync(logIn(folder), size);
      await driver.write([['batch:4:a', '4']]);
      await driver.write([['batch:4:b', 'x'.repeat(28)]]);
      expect(options.reports).toMatchObject([
        { code: 'storage', message: expect.stringContaining(`cut off at byte ${size} of`) },
      ]);
      expect(emptied.count).toBe(1);
      expectSetAside(folder, left);
      const found = await contentOf(driver);
      await driver.dispose();
      const later = storageOptions();
      expect(await contentOf(openAt(folder, later))).toEqual(found);
      expect(found).toMatchObject({ 'batch:4:a': '4' });
      expect(later.reports).toEqual([]);
    },
  );

  test('a log that is cut off while it is open and not written to is told of when it is closed', async () => {
    const folder = await folderWith(4);
    const options = storageOptions();
    const driver = openAt(folder, options);
    truncateSync(logIn(folder), 300);
    await driver.dispose();
    expect(options.reports).toMatchObject([{ code: 'storage' }]);
    await openAt(folder, options).keys();
    expect(options.reports).toHaveLength(1);
  });

  test('a damaged byte costs one record, which is set aside and told once', async () => {
    const count = 20;
    const folder = await folderWith(count);
    const first = openAt(folder);
    const whole = await contentOf(first);
    await first.dispose();
    const bytes = readFileSync(logIn(folder));
    const random = seededRandom(seed);
    for (let turn = 0; turn < 60; turn++) {
      const copy = `${temporaryFolder()}/data`;
      copyFolder(folder, copy);
      const at = random.below(bytes.length);
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << random.below(8)), at);
      writeFileSync(logIn(copy), damaged);
      const told = `FILES_SEED=${seed}, byte ${at}`;
      const options = storageOptions();
      const driver = openAt(copy, options);
      // A line break that was damaged joins two lines.
      const wasBreak = bytes.readUInt8(at) === 0x0a || damaged.readUInt8(at) === 0x0a;
      const found = await contentOf(driver);
      expect(whole, told).toMatchObject(found);
      const lost = 2 * count - Object.keys(found).length;
      expect(lost, told).toBeLessThanOrEqual(wasBreak ? 2 : 1);
      await driver.write([['later', '20']]);
      await driver.dispose();
      const aside = readdirSync(scopeFolder(copy)).filter((name) => name.startsWith('damaged-'));
      expect(aside, told).toHaveLength(options.reports.length);
      for (const report of options.reports) {
        expect(report).toMatchObject({ code: 'storage', message: expect.stringContaining(`${aside}`) });
        const kept = readFileSync(`${scopeFolder(copy)}/${aside}`);
        expect(damaged.includes(kept.subarray(0, kept.indexOf(0x0a) + 1)), told).toBe(true);
      }
      if (lost > 0) expect(options.reports, told).toHaveLength(1);
      const later = storageOptions();
      expect(await contentOf(openAt(copy, later)), told).toEqual({ ...found, later: '20' });
      expect(later.reports, told).toEqual([]);
    }
  });

  test('writes its log anew when that was removed under it, and says so', async () => {
    const folder = await folderWith(3);
    const options = storageOptions();
    const driver = openAt(folder, options);
    for (const n of [3, 4]) {
      rmSync(logIn(folder));
      await driver.write([
        [`batch:${n}:a`, `${n}`],
        [`batch:${n}:b`, 'x'.repeat(n * 7)],
      ]);
    }
    await driver.dispose();
    expect(await batchesIn(openAt(folder))).toEqual(upTo(5));
    const told = expect.objectContaining({ code: 'storage', message: expect.stringContaining('removed') });
    expect(options.reports).toEqual([told, told]);
  });

  test.each([
    ['by its name', (log: string) => writeFileSync(log.replace('log-v1', 'log-v2'), 'what comes')],
    ['by its first line', (log: string) => writeFileSync(log, encodeHeader(2))],
  ])('refuses a log of a later version, %s, and leaves it as it is', async (_, make) => {
    const folder = await folderWith(3);
    make(logIn(folder));
    const state = (): unknown => logsIn(folder).map((log) => [log, readFileSync(log, 'latin1')]);
    const before = state();
    expect(() => openAt(folder)).toThrow(
      expect.objectContaining({ code: 'storage', message: expect.stringMatching(/version 2, .* reads 1/) }),
    );
    expect(state()).toEqual(before);
  });

  test('does not see what an owner writes that was taken for dead', async () => {
    const folder = await folderWith(3);
    const lock = `${scopeFolder(folder)}/scope`;
    const old = logIn(folder);
    const length = readFileSync(old).length;
    // As one on another machine that has said nothing for a while.
    writeFileSync(lockFile(lock, 2), 'held\n{"token":"x","pid":1,"machine":"another","fence":1}\n');
    const longAgo = new Date(Date.now() - 100_000);
    utimesSync(lockFile(lock, 2), longAgo, longAgo);
    const next = openAt(folder);
    const late = Buffer.concat(encodeBatch(4, 3, [['late', 'x']]));
    writeFileSync(old, Buffer.concat([readFileSync(old).subarray(0, length), late]));
    await next.write([['batch:3:a', '3']]);
    await next.write([['batch:3:b', 'x'.repeat(21)]]);
    await next.dispose();
    writeFileSync(old, late);
    const driver = openAt(folder);
    expect(await batchesIn(driver)).toEqual([0, 1, 2, 3]);
    // With the first batch goes what does not count any more.
    await driver.write([]);
    expect(logIn(folder)).not.toBe(old);
  });

  test('refuses a place where no folder can be made', () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, '');
    for (const path of [`${folder}/file`, `${folder}/file/data`]) {
      expect(() => openAt(path)).toThrow(
        expect.objectContaining({ code: 'storage', hint: expect.stringContaining('folder') }),
      );
    }
  });
});
