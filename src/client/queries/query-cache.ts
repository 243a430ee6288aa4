/** How long what earlier processes left is kept whatever there is of it: a program may not have subscribed yet. */
const EARLIER_MS = 10_000;

/** What core keeps of a query: `result` is null before the first answer. */
interface QuerySub {
  result?: object | null;
}

/** What core's list says of a stored answer. */
interface ObjectMeta {
  createdAt: number;
  updatedAt: number;
  size: number;
}

/** The parts of core's `PersistedObject` that forgetting needs; it declares them private. */
interface CacheState {
  readonly currentValue: Record<string, QuerySub>;
  readonly _pendingSaveKeys: Set<string>;
  readonly _meta: { readonly value: { objects: Record<string, ObjectMeta> } | null };
  readonly _persister: { getAllKeys(): Promise<string[]> };
  _gcOpts: { maxEntries: number };
  onKeyLoaded: (key: string) => void;
  waitForMetaToLoad(): Promise<unknown>;
  unloadKey(key: string): void;
  _writeToStorage(options?: object): Promise<number>;
  _enqueuePersist(options?: object): Promise<number>;
}

/** How a query is used. */
interface Use {
  /** Whether anybody has subscribed to it, and not only asked once. */
  isLive: boolean;
  /** Whether what is stored of it, if anything, is as it was before. */
  isUntouched: boolean;
}

const META_KEY = '__meta';

/** What a {@link QueryCache} needs to know of queries. */
export interface QueryCacheParts {
  /** How many answers are kept of queries that are not in use. */
  limit: number;
  /** Whether anybody waits for answers of the query. */
  isInUse(hash: string): boolean;
  timers: { after(ms: number, work: () => void): unknown };
}

/**
 * Keeps at most `limit` answers of queries that nobody subscribes to, the ones that were used last, in the storage and, until
 * they are there, in memory; those of live queries are all kept.
 *
 * Core reads `queryCacheLimit` and does nothing with it: it forgets what it has stored beyond 1,000 answers, a minute after
 * a save. It also forgets one whose query is left before it was saved, stores queries without an answer, and leaves
 * in memory what was still being read when its query was left.
 *
 * Nothing is read to find out what is too much: core's list of what is stored says when each was used.
 */
export class QueryCache {
  readonly #state: CacheState;
  /** Core's way to take an answer out of memory. */
  readonly #unloadKey: (hash: string) => void;
  #parts: QueryCacheParts;
  /** Queries that were left before their answer was saved, oldest first. */
  readonly #leaving: Set<string> = new Set();
  readonly #used: Map<string, Use> = new Map();
  /** What earlier processes left and nobody has used yet; undefined until that is known. */
  #earlier: Set<string> | undefined;

  constructor(querySubs: object, parts: QueryCacheParts) {
    const state = querySubs as CacheState;
    this.#state = state;
    this.#parts = parts;
    // The limit is ours to keep, and may be higher.
    state._gcOpts = { ...state._gcOpts, maxEntries: Number.POSITIVE_INFINITY };
    const write = state._writeToStorage.bind(state);
    state._writeToStorage = (options) => {
      this.#beforeSave();
      const saved = write(options);
      this.#afterSave();
      return saved;
    };
    // Core calls it when nobody uses a query any more: what was not saved before is forgotten in the storage too.
    this.#unloadKey = state.unloadKey.bind(state);
    state.unloadKey = (hash) => this.#leave(hash);
    const told = state.onKeyLoaded;
    state.onKeyLoaded = (hash) => {
      this.#loaded(hash);
      told(hash);
    };
    void this.#begin();
  }

  /** To be called before a query is used: `isLive` when it is subscribed to. */
  use(hash: string, isLive: boolean): void {
    const { currentValue, _pendingSaveKeys: pending } = this.#state;
    const before = this.#used.get(hash) ?? {
      isLive,
      isUntouched: !(hash in currentValue) && !pending.has(hash),
    };
    this.#used.set(hash, { ...before, isLive: before.isLive || isLive });
    this.#earlier?.delete(hash);
    this.#leaving.delete(hash);
  }

  /** Has what is too much forgotten with the next save, also of what earlier processes left. */
  settle(): void {
    const left = [...(this.#earlier ?? [])];
    this.#earlier?.clear();
    for (const hash of left) if (!this.#parts.isInUse(hash)) this.#unload(hash);
    if (this.#excess().length > 0) void this.#state._enqueuePersist();
  }

  /** Keeps `limit` answers from now on; what is too much by that is forgotten with the next save. */
  changeLimit(limit: number): void {
    this.#parts = { ...this.#parts, limit };
    if (this.#excess().length > 0) void this.#state._enqueuePersist();
  }

  #leave(hash: string): void {
    const { currentValue, _pendingSaveKeys: pending } = this.#state;
    const { isLive = false, isUntouched = false } = this.#used.get(hash) ?? {};
    this.#used.delete(hash);
    const answer = currentValue[hash]?.result;
    const isWorthIt = this.#parts.limit > 0 && (isLive || this.#isStored(hash));
    if (answer && isWorthIt && pending.has(hash)) {
      this.#leaving.add(hash);
      if (this.#leaving.size > this.#parts.limit) this.#forget([...this.#leaving].slice(0, 1));
    } else {
      this.#unloadKey(hash);
      // What is stored of it is as good as it was; core takes what is not in memory for what is to be forgotten.
      if (isUntouched && (answer === null || !isWorthIt)) pending.delete(hash);
    }
    if (!this.#isStored(hash) && !this.#leaving.has(hash)) return;
    this.#usedLast(hash);
    void this.#state._enqueuePersist();
  }

  async #begin(): Promise<void> {
    await this.#state.waitForMetaToLoad();
    const listed = this.#state._meta.value?.objects;
    if (!listed) return;
    const oldest = { createdAt: 0, updatedAt: 0, size: 0 };
    for (const hash of await this.#state._persister.getAllKeys()) {
      if (hash !== META_KEY && !Object.hasOwn(listed, hash)) listed[hash] = { ...oldest };
    }
    this.#earlier = new Set(Object.keys(listed).filter((hash) => !this.#parts.isInUse(hash)));
    this.#parts.timers.after(EARLIER_MS, () => this.settle());
  }

  /** Chooses what is to be forgotten. */
  #beforeSave(): void {
    const { currentValue, _pendingSaveKeys: pending } = this.#state;
    for (const hash of [...pending]) if (currentValue[hash]?.result === null) pending.delete(hash);
    this.#forget(this.#excess());
    for (const hash of this.#leaving) {
      this.#usedLast(hash);
      pending.delete(hash);
      pending.add(hash);
    }
  }

  #afterSave(): void {
    for (const hash of this.#leaving) {
      if (this.#state._pendingSaveKeys.has(hash)) continue;
      this.#leaving.delete(hash);
      this.#unloadKey(hash);
    }
    for (const [hash, use] of this.#used) {
      if (use.isUntouched && this.#isStored(hash) && this.#state.currentValue[hash]?.result) {
        use.isUntouched = false;
      }
    }
  }

  /** Stored answers beyond the limit, oldest first. */
  #excess(): string[] {
    const { currentValue, _pendingSaveKeys: pending } = this.#state;
    const idle = Object.entries(this.#earlier ? (this.#state._meta.value?.objects ?? {}) : {})
      .filter(([hash]) => !this.#parts.isInUse(hash) && !this.#leaving.has(hash) && !this.#earlier?.has(hash))
      // The others of them are being forgotten.
      .filter(([hash]) => !pending.has(hash) || hash in currentValue)
      .sort(([, a], [, b]) => a.updatedAt - b.updatedAt)
      .map(([hash]) => hash);
    return idle.slice(0, Math.max(0, idle.length + this.#leaving.size - this.#parts.limit));
  }

  #forget(hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#leaving.delete(hash);
      this.#unloadKey(hash);
      // As core forgets: it removes what is to be saved and is not in memory.
      this.#state._pendingSaveKeys.add(hash);
    }
  }

  /** Within one millisecond, the order in the list tells. */
  #usedLast(hash: string): void {
    const listed = this.#state._meta.value?.objects;
    const meta = listed?.[hash];
    if (!listed || !meta) return;
    delete listed[hash];
    listed[hash] = { ...meta, updatedAt: Date.now() };
  }

  #loaded(hash: string): void {
    if (!this.#parts.isInUse(hash) && this.#earlier && !this.#earlier.has(hash)) this.#unload(hash);
  }

  /** Takes out of memory what waits for no save. */
  #unload(hash: string): void {
    if (!this.#state._pendingSaveKeys.has(hash)) this.#unloadKey(hash);
  }

  #isStored(hash: string): boolean {
    return Object.hasOwn(this.#state._meta.value?.objects ?? {}, hash);
  }
}
