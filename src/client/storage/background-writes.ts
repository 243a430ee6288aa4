import { clearTimeout, setTimeout } from 'node:timers';
import { InstantNodeError } from '../../errors.ts';
import { nestsDeeper } from '../values/depth.ts';
import { describeRecord, type RecordChange, type RecordStore, type Records } from './records.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;
/** How deep a value may nest to be kept: every runtime writes and copies so much, and Bun takes the square of it. */
const MAX_DEPTH = 1_000;

/**
 * Saves what nobody waits for: core's users, cached answers and sync tables. What could not be saved is kept in memory,
 * read from there, and saved again later, the newest value of each key; a failure is reported once, not once a try.
 */
export class BackgroundWrites {
  readonly #records: Records;
  readonly #report: (error: InstantNodeError) => void;
  #unsaved: Map<string, RecordChange> = new Map();
  /** What `kv` holds: the user, and local ids. What else is saved can be had from the server again. */
  readonly #latest: Map<string, RecordChange> = new Map();
  /** What is not kept, for its depth. */
  readonly #tooDeep: Set<string> = new Set();
  #isFailing = false;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(records: Records, report: (error: InstantNodeError) => void) {
    this.#records = records;
    this.#report = report;
  }

  /** Resolves after the first try, whether it worked or not. */
  async save(given: readonly RecordChange[]): Promise<void> {
    const changes = given.map((change) => this.#keepable(change));
    const added = changes.map((change) => [nameOf(change[0], change[1]), change] as const);
    for (const [name, change] of added) this.#unsaved.set(name, change);
    for (const change of changes) this.noteLatest(change);
    try {
      await this.#records.write(changes);
      this.#saved(added);
      // The storage works again, for what it refused before too.
      if (this.#isFailing) await this.flush();
    } catch (cause) {
      this.#failed(cause);
    }
  }

  /** Notes what the storage has, for {@link saveAgain}. */
  noteLatest(change: RecordChange): void {
    const [store, key] = change;
    if (store === 'kv') this.#latest.set(nameOf(store, key), change);
  }

  /** Saves anew what only this database knows: the storage has lost it. */
  async saveAgain(): Promise<void> {
    await this.save([...this.#latest.values()]);
  }

  /** What was given to `save` for a key and is not in the storage yet. */
  unsaved(store: RecordStore, key: string): RecordChange | undefined {
    return this.#unsaved.get(nameOf(store, key));
  }

  /** Saves what is left; rejects when that does not work. */
  async flush(): Promise<void> {
    const left = [...this.#unsaved];
    if (left.length === 0) return;
    await this.#records.write(left.map(([, change]) => change));
    this.#saved(left);
  }

  /** Whether `stop` was called. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Tries no more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#unsaved = new Map();
  }

  #saved(changes: readonly (readonly [string, RecordChange])[]): void {
    // One that was given anew meanwhile is not saved yet.
    for (const [name, change] of changes) {
      if (this.#unsaved.get(name) === change) this.#unsaved.delete(name);
    }
    if (this.#unsaved.size > 0) return;
    this.#isFailing = false;
    this.#retryMs = FIRST_RETRY_MS;
  }

  #failed(cause: unknown): void {
    if (this.#isStopped || this.#unsaved.size === 0) return;
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#report(
        new InstantNodeError('storage', 'Cannot save to the storage: kept in memory, and tried again', {
          cause,
        }),
      );
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.flush().catch((again) => this.#failed(again));
    }, this.#retryMs);
    this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  /** What can be kept of a change. What nests too deep is told of, and no storage is to be slowed down by it. */
  #keepable(change: RecordChange): RecordChange {
    const [store, key, value] = change;
    const name = nameOf(store, key);
    if (!nestsDeeper(value, MAX_DEPTH)) {
      this.#tooDeep.delete(name);
      return change;
    }
    if (this.#records.durable && !this.#tooDeep.has(name)) {
      this.#tooDeep.add(name);
      const message = `Cannot keep ${describeRecord(store, key)}: it nests more than ${MAX_DEPTH} levels deep`;
      this.#report(new InstantNodeError('storage', message));
    }
    return [store, key, undefined];
  }
}

function nameOf(store: RecordStore, key: string): string {
  return `${store}:${key}`;
}
