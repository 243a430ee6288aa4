import type { StorageDriver, StorageEntry } from '../contract.ts';

/** How many records are in memory, or on their way to a server, at a time. */
const ENTRIES_AT_ONCE = 500;

/** Every record whose key begins with `prefix`, some at a time, as a driver's own `entries` gives them. */
export async function* entriesOf(
  driver: StorageDriver,
  prefix: string,
): AsyncGenerator<readonly StorageEntry[]> {
  yield* driver.entries?.(prefix) ?? entriesByKey(driver, prefix);
}

/** The same of a driver that finds them by their keys alone. */
export async function* entriesByKey(
  driver: Pick<StorageDriver, 'get' | 'keys'>,
  prefix: string,
): AsyncGenerator<readonly StorageEntry[]> {
  const keys = await driver.keys();
  const wanted = keys.filter((key) => key.startsWith(prefix));
  yield* entriesUnder(driver, wanted);
}

/** What is under `keys`, some at a time; a key that is not there is left out. */
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

/** Forgets `keys`. */
export async function forget(driver: StorageDriver, keys: readonly string[]): Promise<void> {
  for (const some of chunksOf(keys)) await driver.write(some.map((key) => [key, null] as const));
}

/** Pieces of a list that are dealt with at once. */
export function* chunksOf<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += ENTRIES_AT_ONCE) yield list.slice(at, at + ENTRIES_AT_ONCE);
}
