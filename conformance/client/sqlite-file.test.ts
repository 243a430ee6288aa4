import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { joinKey } from '../../src/drivers/storage/record-key.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite/sqlite.ts';
import { seededRandom } from '../support/random.ts';
import { runtime } from '../support/runtime.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import {
  contentOf,
  entriesIn,
  type StorageChange,
  type StorageDriver,
  type StorageOptions,
  storageOptions,
} from '../support/storage-contract.ts';

const seed = Number(process.env.SQLITE_SEED ?? 20_261_123);
const load = createRequire(import.meta.url);

function openAt(path: string, options: StorageOptions = storageOptions()): StorageDriver {
  const driver = openSqliteStorage(path, options);
  onTestFinished(() => driver.dispose());
  return driver;
}

interface Database {
  exec(sql: string): void;
  prepare(sql: string): { get(): unknown; run(...values: unknown[]): unknown };
  close(): void;
}

/** Uses a file by SQL, as another program would. */
function withDatabase<Result>(path: string, use: (database: Database) => Result): Result {
  const Database = runtime === 'node20' ? load('better-sqlite3') : load('node:sqlite').DatabaseSync;
  const database = new Database(path) as Database;
  try {
    return use(database);
  } finally {
    database.close();
  }
}

const execute = (path: string, sql: string): void => withDatabase(path, (database) => database.exec(sql));

const versionOf = (path: string): unknown =>
  withDatabase(path, (database) => database.prepare('PRAGMA user_version').get());

/** As the files are that a database makes: what others may use is told of. */
const ownersAlone = { mode: 0o600 };

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** A file of version 1 of this package, which kept JSON by the same keys. */
function makeVersion1(path: string, entries: [key: string, value: string][]): void {
  withDatabase(path, (database) => {
    database.exec('CREATE TABLE items (key BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    database.exec('PRAGMA application_id = 1231965796; PRAGMA user_version = 1; PRAGMA journal_mode = WAL');
    const insert = database.prepare('INSERT INTO items VALUES (?, ?)');
    for (const [key, value] of entries) insert.run(Buffer.from(key, 'utf16le'), value);
  });
}

/** Opens a file that has lost what it held, which tells of that once; the next one hears nothing. */
async function expectToldOnce(path: string, what: string): Promise<void> {
  for (const reports of [[{ code: 'storage', message: expect.stringContaining(what) }], []]) {
    const options = storageOptions();
    const driver = openAt(path, options);
    await driver.write([['later', '1']]);
    expect(await contentOf(driver)).toEqual({ later: '1' });
    await driver.dispose();
    expect(options.reports).toMatchObject(reports);
    expect(options.reports).toHaveLength(reports.length);
  }
}

describe.runIf(hasSqlite)('storage "sqlite"', () => {
  test('makes the file, its log and its locks for the owner alone, in a folder for the owner alone', async () => {
    const folder = `${temporaryFolder()}/made/here`;
    const path = `${folder}/data.db`;
    await openAt(path).write([['a', '1']]);
    for (const made of [folder, `${folder}/..`, `${path}.locks`]) expect(modeOf(made)).toBe('700');
    const files = ['data.db', 'data.db-shm', 'data.db-wal'];
    expect(readdirSync(folder).sort()).toEqual([...files, 'data.db.locks'].sort());
    for (const name of files) expect(modeOf(`${folder}/${name}`)).toBe('600');
    for (const name of readdirSync(`${path}.locks`)) expect(modeOf(`${path}.locks/${name}`)).toBe('600');
  });

  test('folds its log into the file when it is disposed of', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const first = openAt(path);
    await first.write([['a', 'kept']]);
    await first.dispose();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await openAt(path).get('a')).toBe('kept');
  });

  test('has on disk what a promise said was stored: a copy of the files holds it', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    await driver.write([['a', '1']]);
    mkdirSync(`${folder}/copy`);
    for (const name of ['data.db', 'data.db-wal'])
      copyFileSync(`${folder}/${name}`, `${folder}/copy/${name}`);
    expect(await openAt(`${folder}/copy/data.db`).get('a')).toBe('1');
  });

  test('whatever became of the end of its log when the power failed, acknowledged batches are there, and none half', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    const random = seededRandom(seed);
    const batch = (n: number): StorageChange[] => [
      ['last', `${n}`],
      [`batch:${n}`, 'x'.repeat(random.below(9_000))],
      [`also:${n}`, `${n}`],
    ];
    await driver.write(batch(0));
    for (let n = 1; n <= 40; n++) {
      const before = readFileSync(`${folder}/data.db-wal`);
      await driver.write(batch(n));
      const after = readFileSync(`${folder}/data.db-wal`);
      // All of these fit in one log, which is only ever added to.
      expect(after.length).toBeGreaterThan(before.length);
      const end = before.length + random.below(after.length - before.length);
      const garbage = Buffer.from(upTo(random.below(3) * random.below(5_000)).map(() => random.below(256)));
      const image = `${folder}/image${n}`;
      mkdirSync(image);
      copyFileSync(`${folder}/data.db`, `${image}/data.db`);
      writeFileSync(`${image}/data.db-wal`, Buffer.concat([after.subarray(0, end), garbage]), ownersAlone);
      const options = storageOptions();
      const copy = openAt(`${image}/data.db`, options);
      expect(options.reports).toEqual([]);
      const expected = upTo(n).flatMap((kept) => [`batch:${kept}`, `also:${kept}`]);
      expect((await copy.keys()).sort(), `SQLITE_SEED=${seed}, batch ${n}`).toEqual(
        ['last', ...expected].sort(),
      );
      expect(await copy.get('last')).toBe(`${n - 1}`);
      await copy.write([['more', '1']]);
      expect(await copy.get('more')).toBe('1');
      await copy.dispose();
    }
  });

  test('a damaged byte in its log is told of, and the log is set aside, when it hides what was acknowledged', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    const count = 20;
    for (const n of upTo(count)) await driver.write([[`key:${n}`, `${n}`]]);
    const random = seededRandom(seed);
    const log = readFileSync(`${folder}/data.db-wal`);
    let lost = 0;
    for (let turn = 0; turn < 60; turn++) {
      const image = `${folder}/image${turn}`;
      mkdirSync(image);
      copyFileSync(`${folder}/data.db`, `${image}/data.db`);
      const damaged = Buffer.from(log);
      // The first bytes are the header's.
      const at = turn < 32 ? turn : random.below(log.length - 4_096 - 24);
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << random.below(8)), at);
      writeFileSync(`${image}/data.db-wal`, damaged, ownersAlone);
      const options = storageOptions();
      const copy = openAt(`${image}/data.db`, options);
      const isWhole = (await copy.keys()).length === count;
      await copy.write([['more', '1']]);
      await copy.dispose();
      if (isWhole) continue;
      lost++;
      expect(options.reports, `SQLITE_SEED=${seed}, byte ${at}`).toMatchObject([
        { code: 'storage', message: expect.stringContaining(`${image}/data.db-wal.damaged-1`) },
      ]);
      expect(readFileSync(`${image}/data.db-wal.damaged-1`).equals(damaged)).toBe(true);
    }
    expect(lost).toBeGreaterThan(30);
  });

  test('an index that is damaged costs nothing: it is made anew, and told of', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    for (const n of upTo(10)) await driver.write([[`key:${n}`, `${n}`]]);
    const whole = await contentOf(driver);
    await driver.dispose();
    const bytes = readFileSync(`${folder}/data.db`);
    const key = Buffer.from('key:7', 'utf16le');
    const places = [bytes.indexOf(key), bytes.lastIndexOf(key)];
    const found: unknown[] = [];
    for (const [turn, at] of places.entries()) {
      const path = `${folder}/damaged${turn}.db`;
      const damaged = Buffer.from(bytes);
      damaged.write('x', at);
      writeFileSync(path, damaged, ownersAlone);
      const options = storageOptions();
      const copy = openAt(path, options);
      found.push(await contentOf(copy));
      expect(options.reports).toMatchObject([{ code: 'storage', message: expect.stringContaining(path) }]);
    }
    // One of the two is the row's own.
    const { 'key:7': seven, ...rest } = whole;
    expect(found).toContainEqual(whole);
    expect(found).toContainEqual({ ...rest, 'xey:7': seven });
  });

  test.each(['', '-wal'])('acknowledges nothing once "data.db%s" was removed under it', async (ending) => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    await driver.write([['a', '1']]);
    rmSync(path + ending);
    for (const removed of [true, false]) {
      // Nor when another has taken its place.
      if (!removed) writeFileSync(path + ending, '');
      await expect(driver.write([['b', '1']])).rejects.toMatchObject({
        code: 'storage',
        message: expect.stringContaining(`"${path}${ending}" was removed`),
      });
    }
  });

  test.each(['', '-wal'])(
    'acknowledges nothing once "data.db%s" was cut off under it, and everything where another has made it smaller',
    async (ending) => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openAt(path);
      await driver.write(upTo(50).map((n) => [`key:${n}`, 'x'.repeat(5_000)]));
      await driver.write(upTo(49).map((n) => [`key:${n}`, null]));
      // Makes both files smaller, in the eyes of the first.
      const other = openAt(path, storageOptions({ scope: { appId: 'other', instanceKey: '' } }));
      await other.scrub?.();
      await driver.write([['a', '1']]);
      truncateSync(path + ending, ending === '' ? 4_096 : 0);
      for (const value of ['2', '3']) {
        await expect(driver.write([['a', value]])).rejects.toMatchObject({
          code: 'storage',
          message: expect.stringContaining(`"${path}${ending}" was cut off`),
        });
      }
    },
  );

  test('a file that was emptied is told of once, and begins anew', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    await driver.write([['a', '1']]);
    await driver.dispose();
    truncateSync(path, 0);
    await expectToldOnce(path, 'nothing is left');
  });

  test.each(['emptied', 'removed'])(
    'a file that was %s and left its log is told of once, and the log is set aside',
    async (how) => {
      const folder = temporaryFolder();
      const driver = openAt(`${folder}/data.db`);
      await driver.write([['a', '1']]);
      const path = `${folder}/copy.db`;
      if (how === 'emptied') writeFileSync(path, '', ownersAlone);
      const log = readFileSync(`${folder}/data.db-wal`);
      writeFileSync(`${path}-wal`, log, ownersAlone);
      await expectToldOnce(path, `${path}-wal.damaged-1`);
      expect(readFileSync(`${path}-wal.damaged-1`).equals(log)).toBe(true);
    },
  );

  test('makes a file that is whole as soon as it is there, and leaves no draft of it', async () => {
    const folder = temporaryFolder();
    const path = `${folder}/data.db`;
    const sizes: number[] = [];
    const watcher = watch(folder, () => {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size !== undefined) sizes.push(size);
    });
    onTestFinished(() => watcher.close());
    const driver = openAt(path);
    sizes.push(statSync(path).size);
    await driver.dispose();
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['data.db']);
    // As whoever is killed at the wrong moment leaves it.
    linkSync(path, `${path}.new-1`);
    await openAt(path).dispose();
    expect(readdirSync(folder)).toEqual(['data.db']);
  });

  test('scopes that were closed leave nothing beside the file, those that were not their locks alone', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const drivers = upTo(200).map((n) =>
      openAt(path, storageOptions({ scope: { appId: `${n}`, instanceKey: '' } })),
    );
    await Promise.all(drivers.map((driver) => driver.write([['a', '1']])));
    expect(readdirSync(`${path}.locks`)).toHaveLength(200);
    for (const driver of drivers.slice(1)) await driver.dispose();
    expect(readdirSync(`${path}.locks`)).toHaveLength(1);
    expect(() => openAt(path, storageOptions({ scope: { appId: '0', instanceKey: '' } }))).toThrow(
      expect.objectContaining({ code: 'storage-locked' }),
    );
    await drivers[0]?.dispose();
    expect(readdirSync(dirname(path))).toEqual(['data.db']);
  });

  test('a file that cannot be opened after all leaves no lock', () => {
    const path = `${temporaryFolder()}/data.db`;
    execute(path, 'PRAGMA application_id = 7');
    for (let turn = 0; turn < 2; turn++)
      expect(() => openAt(path)).toThrow(expect.objectContaining({ code: 'storage' }));
    expect(existsSync(`${path}.locks`)).toBe(false);
  });

  describe('while another program has the file locked', () => {
    /** Has it locked until the returned function is called. */
    function lockFile(path: string): () => void {
      const Database = runtime === 'node20' ? load('better-sqlite3') : load('node:sqlite').DatabaseSync;
      const database = new Database(path) as Database;
      database.exec('BEGIN IMMEDIATE');
      let isOpen = true;
      const unlock = (): void => {
        if (isOpen) database.close();
        isOpen = false;
      };
      onTestFinished(unlock);
      return unlock;
    }

    /** What is called and stays so while this process goes on, for some turns of its event loop. */
    async function expectWaiting(calls: Promise<unknown>[]): Promise<void> {
      let settled = 0;
      for (const call of calls) {
        const count = (): void => {
          settled++;
        };
        call.then(count, count);
      }
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(settled).toBe(0);
    }

    test('calls wait in their order, and the event loop goes on', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openAt(path);
      await driver.write([['a', '0']]);
      const unlock = lockFile(path);
      const calls = [driver.write([['a', '1']]), driver.get('a'), driver.write([['b', '1']]), driver.keys()];
      await expectWaiting(calls);
      calls.push(driver.write([['a', '2']]));
      const disposed = driver.dispose();
      await expectWaiting([...calls, disposed]);
      unlock();
      expect((await Promise.all(calls)).length).toBe(5);
      await disposed;
      expect(await contentOf(openAt(path))).toEqual({ a: '2', b: '1' });
    });

    test('what is read alone is read', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openAt(path);
      await driver.write([['a', '0']]);
      const unlock = lockFile(path);
      expect(await driver.get('a')).toBe('0');
      unlock();
    });

    test('it can be opened all the same, and its calls wait', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const first = openAt(path);
      await first.write([['a', '0']]);
      await first.dispose();
      const unlock = lockFile(path);
      const driver = openAt(path);
      const calls = [driver.get('a'), driver.write([['a', '1']]), driver.get('a')];
      const disposed = driver.dispose();
      await expectWaiting([...calls, disposed]);
      unlock();
      expect(await Promise.all(calls)).toEqual(['0', undefined, '1']);
      await disposed;
      expect(await openAt(path).get('a')).toBe('1');
    });

    test('calls reject when that takes too long, and later ones do not', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openSqliteStorage(path, storageOptions(), { patience: 0 });
      onTestFinished(() => driver.dispose());
      const unlock = lockFile(path);
      const isTooLong = { code: 'storage', message: expect.stringContaining('has had the file locked') };
      await expect(driver.write([['a', '1']])).rejects.toMatchObject(isTooLong);
      const waiting = openSqliteStorage(path, storageOptions({ scope: { appId: 'b', instanceKey: '' } }), {
        patience: 0,
      });
      await expect(waiting.get('a')).rejects.toMatchObject(isTooLong);
      await waiting.dispose();
      unlock();
      await driver.write([['b', '1']]);
      expect(await contentOf(driver)).toEqual({ b: '1' });
    });

    test('who has the scope is told at once', async () => {
      const path = `${temporaryFolder()}/data.db`;
      await openAt(path).write([['a', '0']]);
      const unlock = lockFile(path);
      expect(() => openAt(path)).toThrow(expect.objectContaining({ code: 'storage-locked' }));
      unlock();
    });
  });

  describe('gives space back', () => {
    const records = upTo(2_000).map((n): StorageChange => [`key:${n}`, `${n} ${'x'.repeat(4_000)}`]);
    const forget = (changes: StorageChange[]): StorageChange[] => changes.map(([key]) => [key, null]);
    const sizeOf = (path: string): number =>
      statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);

    test('of what was removed, while it is open', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openAt(path);
      await driver.write(records);
      await driver.write(forget(records.slice(10)));
      await expect.poll(() => sizeOf(path)).toBeLessThan(1_500_000);
      await driver.write([['more', '1']]);
      expect(await driver.keys()).toHaveLength(11);
      expect(await driver.get('key:9')).toBe(records[9]?.[1]);
    });

    test('of what was removed last, when it is closed', async () => {
      const path = `${temporaryFolder()}/data.db`;
      const driver = openAt(path);
      await driver.write(records);
      await driver.write(forget(records));
      await driver.dispose();
      expect(sizeOf(path)).toBeLessThan(1_500_000);
    });

    test('in a file that an earlier version of this package has made', async () => {
      const path = `${temporaryFolder()}/data.db`;
      makeVersion1(path, [[joinKey('app', '', 'kept'), '1']]);
      const scope = { appId: 'app', instanceKey: '' };
      const driver = openAt(path, storageOptions({ scope }));
      await driver.write(records);
      // Enough is in use for the file not to be written anew.
      await driver.write(forget(records));
      await expect.poll(() => sizeOf(path)).toBeLessThan(1_500_000);
      expect(await contentOf(driver)).toEqual({ kept: '1' });
      await driver.dispose();
      expect(withDatabase(path, (database) => database.prepare('PRAGMA auto_vacuum').get())).toEqual({
        auto_vacuum: 2,
      });
    });

    test('leaves a file of an earlier version as it is while much is in it', async () => {
      const path = `${temporaryFolder()}/data.db`;
      makeVersion1(path, []);
      const driver = openAt(path);
      const many = upTo(5_000).map((n): StorageChange => [`kept:${n}`, 'x'.repeat(4_000)]);
      await driver.write(many);
      await driver.write(records);
      await driver.write(forget(records));
      await driver.dispose();
      expect(withDatabase(path, (database) => database.prepare('PRAGMA auto_vacuum').get())).toEqual({
        auto_vacuum: 0,
      });
      const again = openAt(path);
      await again.write(forget(many));
      await again.dispose();
      expect(sizeOf(path)).toBeLessThan(1_500_000);
    });
  });

  test('several scopes share the file, each of which is let go by itself', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const options = upTo(5).map((n) => storageOptions({ scope: { appId: 'app', instanceKey: `${n}` } }));
    const drivers = options.map((each) => openAt(path, each));
    await Promise.all(drivers.map((driver, n) => driver.write([['a', `${n}`]])));
    await drivers[0]?.dispose();
    await drivers[1]?.write([['b', 'x']]);
    const again = openAt(path, options[0]);
    await again.write([['c', 'x']]);
    expect(await contentOf(again)).toEqual({ a: '0', c: 'x' });
    expect(await contentOf(drivers[1] as StorageDriver)).toEqual({ a: '1', b: 'x' });
  });

  test('a file that is reached by two names is one', async () => {
    const folder = temporaryFolder();
    await openAt(`${folder}/data.db`).write([['a', '1']]);
    expect(() => openAt(`${folder}/./sub/../data.db`)).toThrow(
      expect.objectContaining({ code: 'storage-locked' }),
    );
  });

  test('a batch that cannot be written is refused whole, and costs no other', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    execute(
      path,
      `CREATE TRIGGER full BEFORE INSERT ON items WHEN NEW.value = '3' BEGIN SELECT RAISE(ABORT, 'full'); END`,
    );
    const outcomes = await Promise.allSettled([
      driver.write([['before', '1']]),
      driver.write([
        ['a', '1'],
        ['before', '2'],
        ['c', '3'],
      ]),
      driver.write([['after', '1']]),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      {
        reason: {
          code: 'storage',
          message: expect.stringContaining(path),
          cause: { message: expect.stringContaining('full') },
        },
      },
      { status: 'fulfilled' },
    ]);
    expect(await contentOf(driver)).toEqual({ before: '1', after: '1' });
    await driver.write([['c', '4']]);
    expect(await driver.get('c')).toBe('4');
  });

  test('misses nothing that is read while another process writes the whole file anew', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const driver = openAt(path);
    const records = upTo(3_000).map((n): [string, string] => [`all:${n}`, `${n}`]);
    await driver.write(records);
    // The row ids of those that are left have gaps, which such a rewriting may close.
    const left = records.filter((_, n) => n % 3 === 0);
    await driver.write(records.flatMap(([key], n): StorageChange[] => (n % 3 === 0 ? [] : [[key, null]])));
    const found = new Map<string, string>();
    let isRewritten = false;
    for await (const some of driver.entries?.('all:') ?? []) {
      for (const [key, record] of some) found.set(key, record);
      if (!isRewritten) execute(path, 'VACUUM');
      isRewritten = true;
    }
    expect(found).toEqual(new Map(left));
  });

  test('opens a file of version 1, which has what it had under the same keys, and marks it', async () => {
    const path = `${temporaryFolder()}/data.db`;
    const scope = { appId: 'app:a', instanceKey: 'ü' };
    makeVersion1(path, [
      [joinKey(scope.appId, scope.instanceKey, 'kv', 'current/User'), '{"id":"x"}'],
      [joinKey(scope.appId, '', 'kv', 'another'), '1'],
    ]);
    const driver = openAt(path, storageOptions({ scope }));
    expect(await contentOf(driver)).toEqual({ [joinKey('kv', 'current/User')]: '{"id":"x"}' });
    expect(await entriesIn(driver, 'kv:')).toEqual([[joinKey('kv', 'current/User'), '{"id":"x"}']]);
    await driver.dispose();
    expect(versionOf(path)).toEqual({ user_version: 2 });
  });

  test.each([
    ['a text', (path: string) => writeFileSync(path, 'hello, this is a letter and no database'.repeat(50))],
    [
      'a database of another program',
      (path: string) => execute(path, 'CREATE TABLE items (key TEXT, value TEXT)'),
    ],
    [
      'a database of another program that counts versions too',
      (path: string) => execute(path, 'CREATE TABLE items (key BLOB, value TEXT); PRAGMA user_version = 1'),
    ],
    [
      'a database that another program has marked',
      (path: string) => execute(path, 'PRAGMA application_id = 7'),
    ],
    [
      'a file of a later version of this package',
      (path: string) => {
        makeVersion1(path, []);
        execute(path, 'PRAGMA user_version = 3');
      },
    ],
  ])('refuses %s and leaves it as it is', (_, make) => {
    const path = `${temporaryFolder()}/data.db`;
    make(path);
    const before = readFileSync(path);
    expect(() => openAt(path)).toThrow(
      expect.objectContaining({ code: 'storage', message: expect.stringContaining(path) }),
    );
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path)).filter((name) => name !== 'data.db.locks')).toEqual(['data.db']);
  });

  test('a damaged file is an error of code "storage" when it is opened or used, and what can be read is', async () => {
    const folder = temporaryFolder();
    const driver = openAt(`${folder}/data.db`);
    for (const n of upTo(100)) await driver.write([[`key:${n}`, `${n} ${'x'.repeat(500)}`]]);
    await driver.dispose();
    const bytes = readFileSync(`${folder}/data.db`);
    const random = seededRandom(seed);
    let refusals = 0;
    for (let turn = 0; turn < 40; turn++) {
      const path = `${folder}/damaged${turn}.db`;
      const damaged = Buffer.from(bytes);
      const from = random.below(bytes.length - 512);
      for (const at of upTo(512)) damaged.writeUInt8(random.below(256), from + at);
      writeFileSync(path, damaged);
      const attempt = async (): Promise<void> => {
        const copy = openAt(path);
        await copy.keys();
        for (const n of upTo(100)) await copy.get(`key:${n}`);
        await copy.write([['key:50', 'y']]);
      };
      const error = await attempt().catch((reason: unknown) => reason);
      if (error === undefined) continue;
      refusals++;
      const message = expect.stringContaining(path);
      expect(error, `SQLITE_SEED=${seed}, turn ${turn}`).toMatchObject({ code: 'storage', message });
    }
    expect(refusals).toBeGreaterThan(0);
  });

  test('refuses a place where no file can be made', () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, '');
    for (const path of [folder, `${folder}/file/data.db`]) {
      expect(() => openAt(path)).toThrow(
        expect.objectContaining({ code: 'storage', hint: expect.stringContaining('folder') }),
      );
    }
    expect(existsSync(`${folder}.locks`)).toBe(false);
  });

  test('a file that this user may not read is not called damaged', ({ skip }) => {
    const path = `${temporaryFolder()}/data.db`;
    execute(path, 'PRAGMA application_id = 7');
    chmodSync(path, 0);
    chmodSync(dirname(path), 0o755);
    const isForbidden = expect.objectContaining({
      code: 'storage',
      message: expect.stringContaining('cannot be opened'),
      hint: expect.stringContaining('may read and write'),
    });
    if (process.getuid?.() !== 0) return expect(() => openAt(path)).toThrow(isForbidden);
    // Root may read everything.
    if (!process.seteuid) return skip('This runtime cannot become another user');
    process.seteuid(65_534);
    try {
      expect(() => openAt(path)).toThrow(isForbidden);
    } finally {
      process.seteuid(0);
    }
  });

  test('a file beside which SQLite can make none is not called damaged', async () => {
    const path = `${temporaryFolder()}/data.db`;
    await openAt(path).dispose();
    mkdirSync(`${path}-wal`);
    expect(() => openAt(path)).toThrow(
      expect.objectContaining({ code: 'storage', message: expect.stringContaining('cannot be opened') }),
    );
  });

  test('refuses a folder that it may not write, unless it is root and may', () => {
    const folder = `${temporaryFolder()}/locked`;
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    const open = (): StorageDriver => openAt(`${folder}/data.db`);
    if (process.getuid?.() === 0) expect(open).not.toThrow();
    else expect(open).toThrow(expect.objectContaining({ code: 'storage' }));
  });
});
