// unstorage's own declarations refer to the types of every library that one of its drivers uses, so users who lack
// those could not compile anything that imports them (seen in 1.17.6).

/** Where a `Storage` of unstorage has a driver. */
export interface UnstorageMount {
  /** The driver, whose name says whether its data outlives the process. */
  driver?: { name?: string };
}

/** The part of an unstorage `Storage` that is used; those made by `createStorage()` have this shape. */
export interface UnstorageStorage {
  /** Resolves with the item, or null. */
  getItem(key: string): Promise<unknown>;
  /** Resolves once the item is stored. */
  setItem(key: string, value: string): Promise<unknown>;
  /** Resolves once the item is gone. */
  removeItem(key: string): Promise<unknown>;
  /** Resolves with every key that begins with `base`. */
  getKeys(base?: string): Promise<string[]>;
  /** Distinguishes it from a driver. */
  mount(base: string, driver: never): unknown;
  /** The mount that a key belongs to. A storage without this function is not known to outlive the process. */
  getMount?(key?: string): UnstorageMount;
  /** All mounts. */
  getMounts?(base?: string, options?: object): UnstorageMount[];
}

/** The part of an unstorage `Driver` that is used; those made by `unstorage/drivers/*` have this shape. */
export interface UnstorageDriver {
  /** For messages, and to decide whether its data outlives the process: see option `durable`. */
  name?: string;
  /** Returns the item or null, or a promise of either. */
  getItem(key: string, options?: object): unknown;
  /** Stores an item; the result is awaited. A driver without it is refused. */
  setItem?(key: string, value: string, options: object): unknown;
  /** Removes an item; the result is awaited. A driver without it is refused. */
  removeItem?(key: string, options: object): unknown;
  /** Returns every key that begins with `base`. */
  getKeys(base: string, options: object): string[] | Promise<string[]>;
}
