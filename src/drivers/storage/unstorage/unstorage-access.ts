import { isKnownToLast } from './durability.ts';
import type { UnstorageDriver, UnstorageMount, UnstorageStorage } from './unstorage-shape.ts';

/** The part of an unstorage `Storage` or `Driver` that is used, with their different signatures unified. */
export interface UnstorageAccess {
  /** The driver's own name, if it has one. */
  readonly driverName: string | undefined;
  /** Whether its data is known to outlive the process. */
  readonly isDurable: boolean;
  get(key: string): Promise<unknown>;
  set(key: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Every key that begins with `base`, and possibly others. */
  keys(base: string): Promise<string[]>;
}

/** Wraps a `Storage` or a `Driver`; `base` is the prefix of our keys. */
export function accessTo(storage: UnstorageStorage | UnstorageDriver, base: string): UnstorageAccess {
  return isStorage(storage) ? overStorage(storage, base) : overDriver(storage);
}

function isStorage(storage: UnstorageStorage | UnstorageDriver): storage is UnstorageStorage {
  return 'mount' in storage;
}

function overStorage(storage: UnstorageStorage, base: string): UnstorageAccess {
  const mounts = mountsOf(storage, base);
  return {
    driverName:
      mounts.find(({ driver }) => !isKnownToLast(driver?.name))?.driver?.name ?? mounts[0]?.driver?.name,
    isDurable: mounts.length > 0 && mounts.every(({ driver }) => isKnownToLast(driver?.name)),
    get: async (key) => orThrow(await storage.getItem(key)),
    set: async (key, text) => {
      orThrow(await storage.setItem(key, text));
    },
    remove: async (key) => {
      orThrow(await storage.removeItem(key));
    },
    keys: async (under) => [...(await storage.getKeys(under))],
  };
}

/**
 * The mounts that may hold our keys. A storage made by `prefixStorage` returns its mounts by the keys of the storage
 * below, without saying what prefix it adds to ours, so any of them may hold our keys. It is recognized by two
 * functions that are identical only there (1.17.6).
 */
function mountsOf(storage: UnstorageStorage & { keys?: unknown }, base: string): UnstorageMount[] {
  if (storage.keys === storage.getKeys) return storage.getMounts?.('', { parents: true }) ?? [];
  const mount = storage.getMount?.(base);
  return mount ? [mount] : [];
}

function overDriver(driver: UnstorageDriver): UnstorageAccess {
  const { setItem, removeItem } = driver;
  if (!setItem || !removeItem) {
    throw new TypeError('The driver is one for reading: it has no setItem or no removeItem');
  }
  // Called on the driver, and awaited in an async function, because a driver may throw, return or return a promise.
  return {
    driverName: driver.name,
    isDurable: isKnownToLast(driver.name),
    get: async (key) => orThrow(await driver.getItem(key, {})),
    set: async (key, text) => {
      orThrow(await setItem.call(driver, key, text, {}));
    },
    remove: async (key) => {
      orThrow(await removeItem.call(driver, key, {}));
    },
    keys: async (under) => [...(await driver.getKeys(under, {}))],
  };
}

/** unstorage's driver "fs" returns an error as if it were a value (seen in 1.17.6). */
function orThrow(value: unknown): unknown {
  if (value instanceof Error) throw value;
  return value ?? null;
}
