import type { StorageDriver } from '../../drivers/contract.ts';

/** How many records are in memory, or on their way to a server, at a time. */
const CHUNK = 500;

/** What is under `keys`, some at a time; a key that is not there is left out. */
export async function* textsOf(
  driver: StorageDriver,
  keys: readonly string[],
): AsyncGenerator<[key: string, text: string][]> {
  for (const chunk of chunksOf(keys)) {
    const found = await Promise.all(chunk.map(async (key) => [key, await driver.get(key)] as const));
    yield found.flatMap(([key, text]) => (text === null ? [] : [[key, text] as [string, string]]));
  }
}

/** Forgets `keys`. */
export async function forget(driver: StorageDriver, keys: readonly string[]): Promise<void> {
  for (const chunk of chunksOf(keys)) await driver.write(chunk.map((key) => [key, null] as const));
}

function* chunksOf<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += CHUNK) yield list.slice(at, at + CHUNK);
}
