import type { StorageChange, StorageDriver } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';
import type { RecordChange, RecordStore, StoreName } from './record-store.ts';

const STORES: readonly StoreName[] = ['kv', 'querySubs', 'syncSubs', 'writes'];

/** Keys of the driver that lie among the plain ones: a header, a generation of records, texts in quarantine. */
const OWN_KEYS = /^(?:meta|damaged|[1-9][0-9]*):|^(?:kv|querySubs|syncSubs|writes):/;

/**
 * `driver`, which first takes over what the same class of core's `StoreInterface` was given while nothing was sealed:
 * as records of format 1, which are sealed when it is opened. The plain records are only removed once that is stored,
 * so a process that is killed in between does it again.
 */
export function migratingDriver(driver: StorageDriver, plain: RecordStore): StorageDriver {
  let taken: Promise<void> | undefined;
  const ready = async (): Promise<void> => {
    taken ??= takeOver(driver, plain);
    try {
      await taken;
    } catch (error) {
      // Tried again by the next call.
      taken = undefined;
      throw error;
    }
  };
  return {
    name: driver.name,
    durable: driver.durable,
    get: async (key) => {
      await ready();
      return driver.get(key);
    },
    write: async (changes) => {
      await ready();
      return driver.write(changes);
    },
    keys: async () => {
      await ready();
      return driver.keys();
    },
    dispose: async () => {
      await driver.dispose();
      await plain.dispose();
    },
  };
}

async function takeOver(driver: StorageDriver, plain: RecordStore): Promise<void> {
  const found = await Promise.all(STORES.map((store) => plainRecords(plain, store)));
  const records = found.flat();
  if (records.length === 0) return;
  await driver.write(
    records.map(([store, key, value]): StorageChange => [joinKey(store, key), JSON.stringify(value)]),
  );
  await plain.write(records.map(([store, key]): RecordChange => [store, key, undefined]));
}

async function plainRecords(plain: RecordStore, store: StoreName): Promise<RecordChange[]> {
  const keys = (await plain.keys(store)).filter((key) => store === 'writes' || !OWN_KEYS.test(key));
  return Promise.all(keys.map(async (key) => [store, key, await plain.read(store, key)] as const));
}
