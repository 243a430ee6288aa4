import type { StorageDriver, StorageEntry } from '../contract.ts';

/** How many records are in memory, or in flight to a server, at a time. */
const ENTRIES_AT_ONCE = 500;

/** Every record whose key begins with `prefix`, in chunks: from the driver's own `entries` if it has them. */
export async function* entriesOf(
  driver: StorageDriver,
  prefix: string,
): AsyncGenerator<readonly StorageEntry[]> {
  yield* driver.entries?.(prefix) ?? entriesByKey(driver, prefix);
}

/** The same for a driver that reads records only by key. */
export async function* entriesByKey(
  driver: Pick<StorageDriver, 'get' | 'keys'>,
  prefix: string,
): AsyncGenerator<readonly StorageEntry[]> {
  const keys = await driver.keys();
  const wanted = keys.filter((key) => key.startsWith(prefix));
  yield* entriesUnder(driver, wanted);
}

/** The records under `keys`, in chunks; missing keys are left out. */
export async function* entriesUnder(
  driver: Pick<StorageDriver, 'get'>,
  keys: readonly string[],
): AsyncGenerator<readonly StorageEntry[]> {
  for (const some of chunksOf(keys)) {
    const records = await Promise.all(some.map((key) => driver.get(key)));
    yield some.flatMap((key, index): StorageEntry[] => {
      const record = records[index];
      return typeof record === 'string' ? [[key, record]] : [];
    });
  }
}

/** Deletes `keys`, in chunks. */
export async function forget(driver: StorageDriver, keys: readonly string[]): Promise<void> {
  for (const some of chunksOf(keys)) await driver.write(some.map((key) => [key, null] as const));
}

/** A list in chunks of the size that is handled at once. */
export function* chunksOf<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += ENTRIES_AT_ONCE) yield list.slice(at, at + ENTRIES_AT_ONCE);
}
