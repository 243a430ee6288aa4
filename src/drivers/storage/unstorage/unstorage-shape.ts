// unstorage's own declarations name the types of every library that one of its drivers is for, so a user without those
// could compile nothing that imports them (seen in 1.17.6).

/** Where a `Storage` of unstorage has a driver. */
export interface UnstorageMount {
  /** The driver, of which the name tells whether what it keeps outlives the process. */
  driver?: { name?: string };
}

/** What is used of a `Storage` of unstorage; those that its `createStorage()` makes are of this shape. */
export interface UnstorageStorage {
  /** Resolves with the item, or null. */
  getItem(key: string): Promise<unknown>;
  /** Resolves once the item is kept. */
  setItem(key: string, value: string): Promise<unknown>;
  /** Resolves once the item is gone. */
  removeItem(key: string): Promise<unknown>;
  /** Resolves with every key that begins with `base`. */
  getKeys(base?: string): Promise<string[]>;
  /** What tells it from a driver. */
  mount(base: string, driver: never): unknown;
  /** The driver that has a key. A storage without it is not known to outlive the process. */
  getMount?(key?: string): UnstorageMount;
  /** Every driver there is. */
  getMounts?(base?: string, options?: object): UnstorageMount[];
}

/** What is used of a `Driver` of unstorage; those that its `unstorage/drivers/*` make are of this shape. */
export interface UnstorageDriver {
  /** For messages, and to tell whether what it keeps outlives the process: see option `durable`. */
  name?: string;
  /** Gives the item, or null, or a promise of either. */
  getItem(key: string, options?: object): unknown;
  /** Keeps an item; what it returns is awaited. A driver without it is refused. */
  setItem?(key: string, value: string, options: object): unknown;
  /** Removes an item; what it returns is awaited. A driver without it is refused. */
  removeItem?(key: string, options: object): unknown;
  /** Gives every key that begins with `base`. */
  getKeys(base: string, options: object): string[] | Promise<string[]>;
}
