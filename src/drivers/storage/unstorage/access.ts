import type { UnstorageDriver, UnstorageStorage } from './shape.ts';

/** What is used of an unstorage `Storage` or `Driver`, which take and give the same in different ways. */
export interface UnstorageAccess {
  /** The driver's own name, where it says one. */
  readonly driverName: string | undefined;
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
  return {
    driverName: storage.getMount?.(base)?.driver?.name,
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

function overDriver(driver: UnstorageDriver): UnstorageAccess {
  const { setItem, removeItem } = driver;
  if (!setItem || !removeItem) {
    throw new TypeError('The driver is one for reading: it has no setItem or no removeItem');
  }
  // Bound to the driver, and awaited within an async function, as a driver may throw, return or promise.
  return {
    driverName: driver.name,
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
