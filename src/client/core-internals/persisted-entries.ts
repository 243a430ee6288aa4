import type { ListedEntry, PersistedObject } from './persisted-object.ts';

/** What changes entries; core's code is given this. */
export type Change = (entries: Record<string, unknown>) => unknown;

/** One of core's objects that save their entries a moment after each change, and where its work can be joined. */
export class PersistedEntries<Value = unknown> {
  readonly #persisted: PersistedObject<Value>;

  constructor(persisted: object) {
    this.#persisted = persisted as PersistedObject<Value>;
  }

  /** What is in memory. */
  get held(): Readonly<Record<string, Value>> {
    return this.#persisted.currentValue;
  }

  /** The keys of what the next save writes, or forgets where it is not in memory. */
  get unsaved(): Set<string> {
    return this.#persisted._pendingSaveKeys;
  }

  /** Core's list of what is stored; nothing before it was read. */
  get listed(): Record<string, ListedEntry> | undefined {
    return this.#persisted._meta.value?.objects;
  }

  /** The keys of what is stored, the list's own among them. */
  storedKeys(): Promise<string[]> {
    return this.#persisted._persister.getAllKeys();
  }

  /** Resolves once the list was read. */
  async whenListed(): Promise<void> {
    await this.#persisted.waitForMetaToLoad();
  }

  hold(key: string, value: Value): void {
    this.#persisted.currentValue[key] = value;
  }

  saveSoon(): void {
    void this.#persisted._enqueuePersist();
  }

  /** Has core make anew what it has made of entries. */
  outdate(): void {
    this.#persisted._version++;
  }

  /** Keeps any number of entries. */
  keepAny(): void {
    const persisted = this.#persisted;
    persisted._gcOpts = { ...persisted._gcOpts, maxEntries: Number.POSITIVE_INFINITY };
  }

  /** Has `make` make every change from now on, and return the keys of what it has touched. */
  changeBy(make: (change: Change) => Iterable<string>): void {
    const persisted = this.#persisted;
    persisted.updateInPlace = (change) => {
      persisted._version++;
      for (const key of make(change as Change)) {
        persisted._pendingSaveKeys.add(key);
        if (!persisted._loadedKeys.has(key)) persisted._loadKey(key);
      }
      persisted._enqueuePersist();
      return persisted.currentValue;
    };
  }

  /** Calls `changed` after each change. */
  onChanged(changed: () => void): void {
    const persisted = this.#persisted;
    const update = persisted.updateInPlace.bind(persisted);
    persisted.updateInPlace = (change) => {
      const entries = update(change);
      changed();
      return entries;
    };
  }

  /** Calls `loaded` when an entry was read, before core's own do. */
  onLoaded(loaded: (key: string) => void): void {
    const persisted = this.#persisted;
    const told = persisted.onKeyLoaded;
    persisted.onKeyLoaded = (key) => {
      loaded(key);
      told(key);
    };
  }

  /** Calls `before` and `after` where core chooses what to save, which it has done when it returns. */
  aroundSave({ before, after }: { before(): void; after(): void }): void {
    const persisted = this.#persisted;
    const write = persisted._writeToStorage.bind(persisted);
    persisted._writeToStorage = (options) => {
      before();
      const saved = write(options);
      after();
      return saved;
    };
  }

  /** Has `unload` decide what becomes of an entry that nobody uses any more. Returns core's way to take it out of memory. */
  unloadBy(unload: (key: string) => void): (key: string) => void {
    const persisted = this.#persisted;
    const cores = persisted.unloadKey.bind(persisted);
    persisted.unloadKey = unload;
    return cores;
  }
}
