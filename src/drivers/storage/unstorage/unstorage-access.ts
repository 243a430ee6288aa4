import { isKnownToLast } from './durability.ts';
import type { UnstorageDriver, UnstorageMount, UnstorageStorage } from './unstorage-shape.ts';

/** What is used of an unstorage `Storage` or `Driver`, which take and give the same in different ways. */
export interface UnstorageAccess {
  /** The driver's own name, where it says one. */
  readonly driverName: string | undefined;
  /** Whether it is known that what it keeps outlives the process. */
  readonly isDurable: boolean;
  get(key: string): Promise<unknown>;
  set(key: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Every key that begins with `base`, and perhaps others. */
  keys(base: string): Promise<string[]>;
}

/** Reaches a `Storage` or a `Driver`; `base` is where our keys begin. */
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
 * The mounts that our keys may be in. A storage that `prefixStorage` made gives its mounts by the keys of the storage
 * below, and does not say what it puts before ours: any may have them. That it is one is seen by two functions that
 * are the same in it alone (1.17.6).
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
  // Bound to the driver, and awaited within an async function, as a driver may throw, return or promise.
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

/** unstorage's driver "fs" gives an error as if it were a value (seen in 1.17.6). */
function orThrow(value: unknown): unknown {
  if (value instanceof Error) throw value;
  return value ?? null;
}
