import type { StorageChange, StorageDriver } from '../../drivers/contract.ts';
import { joinKey } from '../../drivers/storage/record-key.ts';
import type { RecordChange, RecordStore, Records } from './records.ts';

const STORES: readonly RecordStore[] = ['kv', 'querySubs', 'syncSubs', 'writes'];

/** Keys of the driver that lie among the plain ones: a header, a generation of records, what was set aside. */
const OWN_KEYS = /^(?:meta|damaged|[1-9][0-9]*):|^(?:kv|querySubs|syncSubs|writes):/;

/**
 * `driver`, into which is taken first what the same class of core's `StoreInterface` was given while nothing was sealed:
 * as records of format 1, which are sealed when it is opened. What is plain is forgotten only after that was stored.
 */
export function takingOver(driver: StorageDriver, plain: Records): StorageDriver {
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

async function takeOver(driver: StorageDriver, plain: Records): Promise<void> {
  const found = await Promise.all(STORES.map((store) => plainRecords(plain, store)));
  const records = found.flat();
  if (records.length === 0) return;
  await driver.write(
    records.map(([store, key, value]): StorageChange => [joinKey(store, key), JSON.stringify(value)]),
  );
  await plain.write(records.map(([store, key]): RecordChange => [store, key, undefined]));
}

async function plainRecords(plain: Records, store: RecordStore): Promise<RecordChange[]> {
  const keys = (await plain.keys(store)).filter((key) => store === 'writes' || !OWN_KEYS.test(key));
  return Promise.all(keys.map(async (key) => [store, key, await plain.read(store, key)] as const));
}
