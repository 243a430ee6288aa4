import { PersistedEntries } from '../core-internals/persisted-entries.ts';

/** How long all answers of earlier processes are kept, however many: the program may not have subscribed yet. */
const EARLIER_MS = 10_000;

/** What core keeps for a query: `result` is null before the first answer. */
interface QuerySub {
  result?: object | null;
}

/** How a query is used. */
interface Use {
  /** Whether it has had a subscriber, not only one-time calls. */
  isLive: boolean;
  /** Whether its stored answer, if any, is unchanged. */
  isUntouched: boolean;
}

const META_KEY = '__meta';

/** What a {@link QueryCache} needs to know of queries. */
export interface QueryCacheParts {
  /** How many answers of queries that are not in use are kept. */
  limit: number;
  /** Whether anything waits for the query's answers. */
  isInUse(hash: string): boolean;
  timers: { after(ms: number, work: () => void): unknown };
}

/**
 * Keeps at most `limit` answers of queries without a subscriber, the most recently used ones, in the storage and, until
 * they are there, in memory. Answers of live queries are all kept.
 *
 * Core reads `queryCacheLimit` and ignores it: a minute after a save it forgets stored answers beyond 1,000. It also
 * loses an answer whose query is left before it was saved, stores queries without an answer, and leaves an answer in
 * memory that was still being read when its query was left.
 *
 * Finding the excess reads no answers: core's list of what is stored says when each was used.
 */
export class QueryCache {
  readonly #entries: PersistedEntries<QuerySub>;
  /** Core's own way to take an answer out of memory. */
  readonly #unloadKey: (hash: string) => void;
  #parts: QueryCacheParts;
  /** Queries that were left before their answer was saved, oldest first. */
  readonly #leaving: Set<string> = new Set();
  readonly #used: Map<string, Use> = new Map();
  /** Answers of earlier processes that have not been used yet; undefined until they are known. */
  #earlier: Set<string> | undefined;

  constructor(querySubs: object, parts: QueryCacheParts) {
    this.#entries = new PersistedEntries(querySubs);
    this.#parts = parts;
    // We enforce the limit, and it may be higher than core's.
    this.#entries.keepAny();
    this.#entries.aroundSave({ before: () => this.#beforeSave(), after: () => this.#afterSave() });
    // Core's would have the next save remove an unsaved answer from the storage too.
    this.#unloadKey = this.#entries.unloadBy((hash) => this.#leave(hash));
    this.#entries.onLoaded((hash) => this.#loaded(hash));
    void this.#begin();
  }

  /** Call this before a query is used; `isLive` when it is subscribed to. */
  use(hash: string, isLive: boolean): void {
    const { held, unsaved } = this.#entries;
    const before = this.#used.get(hash) ?? { isLive, isUntouched: !(hash in held) && !unsaved.has(hash) };
    this.#used.set(hash, { ...before, isLive: before.isLive || isLive });
    this.#earlier?.delete(hash);
    this.#leaving.delete(hash);
  }

  /** Makes the next save forget the excess, from now on including answers of earlier processes. */
  settle(): void {
    const left = [...(this.#earlier ?? [])];
    this.#earlier?.clear();
    for (const hash of left) if (!this.#parts.isInUse(hash)) this.#unload(hash);
    if (this.#excess().length > 0) this.#entries.saveSoon();
  }

  /** Keeps `limit` answers from now on; the next save forgets the excess. */
  changeLimit(limit: number): void {
    this.#parts = { ...this.#parts, limit };
    if (this.#excess().length > 0) this.#entries.saveSoon();
  }

  #leave(hash: string): void {
    const { held, unsaved } = this.#entries;
    const { isLive = false, isUntouched = false } = this.#used.get(hash) ?? {};
    this.#used.delete(hash);
    const answer = held[hash]?.result;
    const isWorthIt = this.#parts.limit > 0 && (isLive || this.#isStored(hash));
    if (answer && isWorthIt && unsaved.has(hash)) {
      this.#leaving.add(hash);
      if (this.#leaving.size > this.#parts.limit) this.#forget([...this.#leaving].slice(0, 1));
    } else {
      this.#unloadKey(hash);
      // The stored answer is still good, but core removes unsaved keys that are not in memory.
      if (isUntouched && (answer === null || !isWorthIt)) unsaved.delete(hash);
    }
    if (!this.#isStored(hash) && !this.#leaving.has(hash)) return;
    this.#usedLast(hash);
    this.#entries.saveSoon();
  }

  async #begin(): Promise<void> {
    await this.#entries.whenListed();
    const { listed } = this.#entries;
    if (!listed) return;
    const oldest = { createdAt: 0, updatedAt: 0, size: 0 };
    for (const hash of await this.#entries.storedKeys()) {
      if (hash !== META_KEY && !Object.hasOwn(listed, hash)) listed[hash] = { ...oldest };
    }
    this.#earlier = new Set(Object.keys(listed).filter((hash) => !this.#parts.isInUse(hash)));
    this.#parts.timers.after(EARLIER_MS, () => this.settle());
  }

  /** Chooses what to forget. */
  #beforeSave(): void {
    const { held, unsaved } = this.#entries;
    for (const hash of [...unsaved]) if (held[hash]?.result === null) unsaved.delete(hash);
    this.#forget(this.#excess());
    for (const hash of this.#leaving) {
      this.#usedLast(hash);
      unsaved.delete(hash);
      unsaved.add(hash);
    }
  }

  #afterSave(): void {
    for (const hash of this.#leaving) {
      if (this.#entries.unsaved.has(hash)) continue;
      this.#leaving.delete(hash);
      this.#unloadKey(hash);
    }
    for (const [hash, use] of this.#used) {
      if (use.isUntouched && this.#isStored(hash) && this.#entries.held[hash]?.result) {
        use.isUntouched = false;
      }
    }
  }

  /** Stored answers beyond the limit, oldest first. */
  #excess(): string[] {
    const { held, unsaved, listed = {} } = this.#entries;
    const idle = Object.entries(this.#earlier ? listed : {})
      .filter(([hash]) => !this.#parts.isInUse(hash) && !this.#leaving.has(hash) && !this.#earlier?.has(hash))
      // Unsaved ones that are not in memory are already being forgotten.
      .filter(([hash]) => !unsaved.has(hash) || hash in held)
      .sort(([, a], [, b]) => a.updatedAt - b.updatedAt)
      .map(([hash]) => hash);
    return idle.slice(0, Math.max(0, idle.length + this.#leaving.size - this.#parts.limit));
  }

  #forget(hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#leaving.delete(hash);
      this.#unloadKey(hash);
      // This is how core forgets: it removes unsaved keys that are not in memory.
      this.#entries.unsaved.add(hash);
    }
  }

  /** Moves an answer to the end of the list: within one millisecond, its order decides. */
  #usedLast(hash: string): void {
    const { listed } = this.#entries;
    const meta = listed?.[hash];
    if (!listed || !meta) return;
    delete listed[hash];
    listed[hash] = { ...meta, updatedAt: Date.now() };
  }

  #loaded(hash: string): void {
    if (!this.#parts.isInUse(hash) && this.#earlier && !this.#earlier.has(hash)) this.#unload(hash);
  }

  /** Takes an answer out of memory unless it waits for a save. */
  #unload(hash: string): void {
    if (!this.#entries.unsaved.has(hash)) this.#unloadKey(hash);
  }

  #isStored(hash: string): boolean {
    return Object.hasOwn(this.#entries.listed ?? {}, hash);
  }
}
