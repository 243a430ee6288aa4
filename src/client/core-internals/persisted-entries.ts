import type { ListedEntry, PersistedObject } from './persisted-object.ts';

/** A function of core's that changes entries. */
export type Change = (entries: Record<string, unknown>) => unknown;

/** One of core's objects that save their entries a moment after each change, with hooks into how it does so. */
export class PersistedEntries<Value = unknown> {
  readonly #persisted: PersistedObject<Value>;

  constructor(persisted: object) {
    this.#persisted = persisted as PersistedObject<Value>;
  }

  /** The entries in memory. */
  get held(): Readonly<Record<string, Value>> {
    return this.#persisted.currentValue;
  }

  /** The keys that the next save writes, or removes from the storage when they are not in memory. */
  get unsaved(): Set<string> {
    return this.#persisted._pendingSaveKeys;
  }

  /** Core's list of what is stored; undefined until it has been read. */
  get listed(): Record<string, ListedEntry> | undefined {
    return this.#persisted._meta.value?.objects;
  }

  /** The keys of everything stored, the list's own included. */
  storedKeys(): Promise<string[]> {
    return this.#persisted._persister.getAllKeys();
  }

  /** Resolves once the list has been read. */
  async whenListed(): Promise<void> {
    await this.#persisted.waitForMetaToLoad();
  }

  hold(key: string, value: Value): void {
    this.#persisted.currentValue[key] = value;
  }

  saveSoon(): void {
    void this.#persisted._enqueuePersist();
  }

  /** Makes core recompute what it has derived from the entries. */
  outdate(): void {
    this.#persisted._version++;
  }

  /** Lifts core's limit on the number of entries. */
  keepAny(): void {
    const persisted = this.#persisted;
    persisted._gcOpts = { ...persisted._gcOpts, maxEntries: Number.POSITIVE_INFINITY };
  }

  /** From now on `make` makes every change and returns the keys that it has touched. */
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

  /** Calls `loaded` when an entry has been read, before core's own listener. */
  onLoaded(loaded: (key: string) => void): void {
    const persisted = this.#persisted;
    const told = persisted.onKeyLoaded;
    persisted.onKeyLoaded = (key) => {
      loaded(key);
      told(key);
    };
  }

  /**
   * Calls `before` and `after` around core's choice of what to save, which is made by the time core's method returns.
   */
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

  /**
   * Lets `unload` decide what happens to an entry that is no longer used. Returns core's own way to take it out of
   * memory.
   */
  unloadBy(unload: (key: string) => void): (key: string) => void {
    const persisted = this.#persisted;
    const cores = persisted.unloadKey.bind(persisted);
    persisted.unloadKey = unload;
    return cores;
  }
}
