import { describe, expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { openMemoryStorage } from '../../src/drivers/storage/memory.ts';
import { openSqliteStorage } from '../../src/drivers/storage/sqlite.ts';
import { storeClassOver } from '../../src/drivers/storage/store.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { nastyKeys, type StorageDriver, storageContract } from '../support/storage-contract.ts';

function closing(driver: StorageDriver): StorageDriver {
  onTestFinished(() => driver.dispose());
  return driver;
}

const openSqlite = (): StorageDriver => closing(openSqliteStorage(`${temporaryFolder()}/data.db`));
const openMemory = (): StorageDriver => closing(openMemoryStorage());

storageContract('memory', openMemory);

test('memory is not durable', () => {
  expect(openMemory()).toMatchObject({ name: 'memory', durable: false });
});

if (hasSqlite) {
  storageContract('sqlite', openSqlite);
  test('sqlite is durable', () => expect(openSqlite()).toMatchObject({ name: 'sqlite', durable: true }));
} else {
  test('sqlite: better-sqlite3 is not installed here, which is what the error says', () => {
    expect(openSqlite).toThrow(expect.objectContaining({ code: 'missing-dependency' }));
  });
}

describe.each(Object.entries({ memory: openMemory, ...(hasSqlite ? { sqlite: openSqlite } : {}) }))(
  '%s: core’s stores over one driver',
  (_, open) => {
    test('apps, instance keys and stores never meet, whatever they are called', async () => {
      const driver = open();
      const names = ['', 'a', 'a:b', 'a:', ':a', 'kv', '%', '__proto__'];
      const scopes = names.flatMap((app) => names.map((instance) => [app, instance] as const));
      const stores = scopes.flatMap(([app, instance]) =>
        (['kv', 'querySubs'] as const).map((name) => new (storeClassOver(driver, instance))(app, name)),
      );
      for (const [index, store] of stores.entries()) {
        await store.multiSet([
          ['a', index],
          ['a:b', [index]],
        ]);
      }
      for (const [index, store] of stores.entries()) {
        expect([await store.getItem('a'), await store.getItem('a:b')]).toEqual([index, [index]]);
        expect((await store.getAllKeys()).sort()).toEqual(['a', 'a:b']);
        await store.removeItem('a');
      }
      for (const store of stores) expect(await store.getAllKeys()).toEqual(['a:b']);
    });

    test('getAllKeys() gives back the keys as they were given', async () => {
      const store = new (storeClassOver(open(), ''))('app', 'kv');
      await store.multiSet(nastyKeys.map((key) => [key, 1]));
      expect((await store.getAllKeys()).sort()).toEqual([...nastyKeys].sort());
    });
  },
);
