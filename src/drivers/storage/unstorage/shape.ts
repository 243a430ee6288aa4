// unstorage's own declarations name the types of every library that one of its drivers is for, so a user without those
// could compile nothing that imports them (seen in 1.17.6).

/** What is used of a `Storage` of unstorage; those that its `createStorage()` makes are of this shape. */
export interface UnstorageStorage {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: string): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
  getKeys(base?: string): Promise<string[]>;
  /** What tells it from a driver. */
  mount(base: string, driver: never): unknown;
  getMount?(key?: string): { driver?: { name?: string } };
}

/** What is used of a `Driver` of unstorage; those that its `unstorage/drivers/*` make are of this shape. */
export interface UnstorageDriver {
  name?: string;
  getItem(key: string, options?: object): unknown;
  setItem?(key: string, value: string, options: object): unknown;
  removeItem?(key: string, options: object): unknown;
  getKeys(base: string, options: object): string[] | Promise<string[]>;
}
