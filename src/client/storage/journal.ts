import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { type Deferred, deferred } from '../deferred.ts';
import type { Mutation } from '../transactions.ts';
import { StepPool } from '../writes/step-pool.ts';
import type { Records } from './records.ts';
import { PENDING_KEY } from './store-class.ts';

/** How long a write that waits for its answer stays unsaved: most are answered before. Core saves as late. */
const LAZY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** Kept writes that are read at once. */
const READ_AT_ONCE = 1_000;

/** A pending write as it is kept: with the user who made it, since nobody else may send it. */
interface KeptWrite extends Mutation {
  /** The id of the user, or null for none. Undefined until that has been read, and never in the storage. */
  user: string | null | undefined;
}

/** The newest state of a write, or undefined for one that is to be forgotten. */
type State = KeptWrite | undefined;

/** A pending write under its id. */
export type WriteEntry = readonly [eventId: string, mutation: Mutation];

/** What earlier processes left, oldest first. */
export interface LoadedWrites {
  /** To be sent. */
  own: WriteEntry[];
  /** Made by a user who is not signed in any more; forgotten by now. */
  foreign: WriteEntry[];
}

/**
 * Keeps pending writes in the storage, a record a write, so that keeping and forgetting one costs the same however many
 * wait. What changes while a batch is being saved is saved together, in the next.
 */
export class Journal {
  readonly #records: Records;
  readonly #report: (error: InstantNodeError) => void;
  /** What is to be saved. */
  #changed: Map<string, State> = new Map();
  /** What is being saved. */
  #batch: ReadonlyMap<string, State> = new Map();
  /** Writes that have a record, or may have one. */
  readonly #kept: Set<string> = new Set();
  readonly #waiting: Map<string, Deferred<void>> = new Map();
  #saving: Promise<void> | undefined;
  #isDueSoon = false;
  #lazy: NodeJS.Timeout | undefined;
  #failure: unknown;
  #delayMs = LAZY_MS;
  #isStopped = false;
  #user: string | null | undefined;

  constructor(records: Records, report: (error: InstantNodeError) => void) {
    this.#records = records;
    this.#report = report;
  }

  /** The writes that were kept. To be called once, before anything is saved. */
  async load(): Promise<LoadedWrites> {
    const user = userIdOf(await this.#records.read('kv', 'currentUser'));
    await this.#takeOver(user);
    const eventIds = await this.#records.keys('writes');
    const loaded: LoadedWrites = { own: [], foreign: [] };
    const pool = new StepPool();
    for await (const [eventId, write] of this.#read(eventIds)) {
      if (!isKeptWrite(write)) {
        if (write !== null) this.#reportUnusable(`pending write "${eventId}"`);
        continue;
      }
      this.#kept.add(eventId);
      const { user: author, ...mutation } = write;
      (author === user ? loaded.own : loaded.foreign).push([eventId, pool.share(mutation)]);
    }
    for (const list of [loaded.own, loaded.foreign]) list.sort(([, a], [, b]) => a.order - b.order);
    for (const [eventId] of loaded.foreign) this.remove(eventId);
    this.#user = user;
    for (const state of this.#changed.values()) if (state) state.user = user;
    if (this.#waiting.size > 0) this.#saveSoon();
    return loaded;
  }

  /** The id of whoever makes the writes; undefined until that is known. */
  get user(): string | null | undefined {
    return this.#user;
  }

  /** Whoever makes the writes from now on. */
  setUser(user: string | null): void {
    this.#user = user;
  }

  /** Takes the state of a write, to be saved in a moment, or with the next that cannot wait. */
  put(eventId: string, mutation: Mutation): void {
    this.#changed.set(eventId, { ...mutation, user: this.#user });
    this.#saveLater();
  }

  /** Keeps `writes` anew and nothing else: the storage has lost some, or has some back that were forgotten. */
  async keepAgain(writes: readonly WriteEntry[]): Promise<void> {
    for (const [eventId, mutation] of writes) this.put(eventId, mutation);
    this.#saveSoon();
    const found = await this.#records.keys('writes').catch(() => []);
    for (const eventId of found) {
      if (this.#kept.has(eventId) || this.#changed.has(eventId)) continue;
      this.#kept.add(eventId);
      this.remove(eventId);
    }
  }

  /** Forgets a write; one that was never saved will not be. */
  remove(eventId: string): void {
    if (this.#kept.has(eventId)) {
      this.#changed.set(eventId, undefined);
      this.#saveLater();
    } else this.#changed.delete(eventId);
    this.#settle(eventId, (waiting) => waiting.resolve());
  }

  /**
   * Resolves once a write that was put is in the storage. Rejects when it could not be saved; it is forgotten then,
   * unless it is put again.
   */
  saved(eventId: string): Promise<void> {
    if (!this.#changed.has(eventId) && !this.#batch.has(eventId)) return Promise.resolve();
    let waiting = this.#waiting.get(eventId);
    if (!waiting) {
      waiting = deferred();
      this.#waiting.set(eventId, waiting);
    }
    this.#saveSoon();
    return waiting.promise;
  }

  /** Saves what is left; rejects when that does not work. Before the storage was loaded, it does nothing. */
  async flush(): Promise<void> {
    while (this.#saving || (this.#changed.size > 0 && this.#maySave)) {
      await (this.#saving ?? this.#save());
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Saves nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#lazy);
    const closed = new InstantNodeError('closed', 'The database was closed before the write was saved');
    for (const eventId of [...this.#waiting.keys()]) {
      this.#settle(eventId, (waiting) => waiting.reject(closed));
    }
  }

  // Not all at once: so many calls under way cost more memory than what they read.
  async *#read(eventIds: readonly string[]): AsyncGenerator<readonly [eventId: string, write: unknown]> {
    for (let from = 0; from < eventIds.length; from += READ_AT_ONCE) {
      const some = eventIds.slice(from, from + READ_AT_ONCE);
      const writes = await Promise.all(some.map((eventId) => this.#records.read('writes', eventId)));
      for (const [index, eventId] of some.entries()) yield [eventId, writes[index]];
    }
  }

  /** Core, and this package before version 2 of its format, kept all pending writes as one value. */
  async #takeOver(user: string | null): Promise<void> {
    const kept = await this.#records.read('kv', PENDING_KEY);
    if (kept === null) return;
    const entries = parsed(kept);
    const writes = Array.isArray(entries) ? entries.filter(isEntry) : undefined;
    // Left as it is, for whoever can make something of it.
    if (!writes || writes.length < (entries as unknown[]).length) {
      return this.#reportUnusable(`"${PENDING_KEY}", where writes were kept before`);
    }
    await this.#records.write([
      ...writes.map(([eventId, mutation]) => ['writes', eventId, { ...mutation, user }] as const),
      ['kv', PENDING_KEY, undefined],
    ]);
  }

  #reportUnusable(what: string): void {
    this.#report(
      new InstantNodeError('storage', `Cannot use ${what}: it does not hold writes as core writes them`),
    );
  }

  #saveLater(): void {
    if (this.#lazy || this.#isStopped) return;
    this.#lazy = setTimeout(() => void this.#save(), this.#delayMs);
    this.#lazy.unref();
  }

  // Not at once: what is put within the same turn is to share the batch.
  #saveSoon(): void {
    if (this.#isDueSoon || this.#saving) return;
    this.#isDueSoon = true;
    setImmediate(() => void this.#save());
  }

  #save(): Promise<void> {
    this.#isDueSoon = false;
    clearTimeout(this.#lazy);
    this.#lazy = undefined;
    if (this.#changed.size === 0 || !this.#maySave) return Promise.resolve();
    this.#saving ??= this.#saveBatch();
    return this.#saving;
  }

  get #maySave(): boolean {
    return !this.#isStopped && this.#user !== undefined;
  }

  async #saveBatch(): Promise<void> {
    const batch = this.#changed;
    this.#batch = batch;
    this.#changed = new Map();
    // Even when saving fails, a record may be there.
    for (const [eventId, state] of batch) if (state) this.#kept.add(eventId);
    try {
      await this.#records.write([...batch].map(([eventId, state]) => ['writes', eventId, state] as const));
      this.#wasSaved(batch);
    } catch (cause) {
      this.#wasNotSaved(batch, cause);
    }
    this.#batch = new Map();
    this.#saving = undefined;
    if (this.#waiting.size > 0) this.#saveSoon();
    else if (this.#changed.size > 0) this.#saveLater();
  }

  #wasSaved(batch: ReadonlyMap<string, State>): void {
    this.#failure = undefined;
    this.#delayMs = LAZY_MS;
    for (const [eventId, state] of batch) {
      if (!state && !this.#changed.get(eventId)) this.#kept.delete(eventId);
      this.#settle(eventId, (waiting) => waiting.resolve());
    }
  }

  #wasNotSaved(batch: ReadonlyMap<string, State>, cause: unknown): void {
    const left = new Map<string, State>();
    for (const [eventId, state] of batch) {
      const isRefused = this.#settle(eventId, (waiting) => waiting.reject(cause));
      left.set(eventId, isRefused ? undefined : state);
    }
    if (this.#failure === undefined && [...left.values()].some((state) => state)) {
      const message = 'Cannot save pending writes to the storage: kept in memory, and tried again';
      this.#report(new InstantNodeError('storage', message, { cause }));
    }
    this.#failure = cause;
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_RETRY_MS);
    // What was put meanwhile is newer.
    this.#changed = new Map([...left, ...this.#changed]);
  }

  #settle(eventId: string, how: (waiting: Deferred<void>) => void): boolean {
    const waiting = this.#waiting.get(eventId);
    if (!waiting) return false;
    this.#waiting.delete(eventId);
    how(waiting);
    return true;
  }
}

function isKeptWrite(value: unknown): value is KeptWrite {
  return isObject(value) && Array.isArray(value['tx-steps']) && typeof value.order === 'number';
}

function isEntry(value: unknown): value is [eventId: string, write: KeptWrite] {
  return Array.isArray(value) && typeof value[0] === 'string' && isKeptWrite(value[1]);
}

/** Core reads what it keeps as it is, or as JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** The id of a user as core keeps one, as it is or as JSON; null for none. */
export function userIdOf(user: unknown): string | null {
  const value = parsed(user);
  return isObject(value) && typeof value.id === 'string' ? value.id : null;
}
