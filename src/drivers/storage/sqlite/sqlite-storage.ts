import { clearTimeout, setTimeout } from 'node:timers';
import { backoffMs } from '../../../backoff.ts';
import { InstantNodeError, withOutcome } from '../../../errors.ts';
import type { StorageChange, StorageDriver, StorageEntry } from '../../contract.ts';
import { withHint } from '../failure-hint.ts';
import type { Lock } from '../lock/file-lock.ts';
import { chunksOf, entriesByKey } from '../record-entries.ts';
import { isBusy, isLockedTooLong } from './busy.ts';
import type { FileGuard } from './file-guard.ts';
import { FreeSpace } from './free-space.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRecords } from './sqlite-records.ts';

/** The delay before a locked file is tried again, at first and at most, in ms. */
const RETRY = { first: 1, most: 20 };
/** How long the storage must be idle before space is returned, and the pause between two slices of that, in ms. */
const IDLE = { before: 100, between: 10 };

/** The parts of a storage. All of them are open. */
export interface SqliteParts {
  readonly database: SqliteDatabase;
  readonly records: SqliteRecords;
  readonly lock: Lock;
  /** Releases the lock. */
  letGo(): void;
  readonly guard: FileGuard;
  /** For messages: `storage "sqlite" at "/data/app.db"`. */
  readonly subject: string;
  /** How long another program may keep the file locked, in ms. */
  readonly patience: number;
}

/** A pending call. */
interface Called {
  reject(error: InstantNodeError): void;
}

interface Batch extends Called {
  readonly changes: readonly StorageChange[];
  resolve(): void;
}

/** Throws only when the file is locked; it must be called again then. */
interface Read extends Called {
  perform(): void;
}

/** The work for this turn of the event loop, or for when the file is no longer locked. */
interface Turn {
  readonly batches: Batch[];
  /** Reads, to be done once the batches have settled. */
  readonly reads: Read[];
  /** Since when the file has been locked. */
  lockedSince: number | undefined;
  tries: number;
  readonly done: Promise<void>;
  finish(): void;
}

/** The records of a scope in an open file. */
export class SqliteStorage implements StorageDriver {
  readonly name = 'sqlite';
  readonly durable = true;
  readonly #parts: SqliteParts;
  readonly #space: FreeSpace;
  #turn: Turn | undefined;
  #tidying: NodeJS.Timeout | undefined;
  #isTidy = true;
  /** Whether the file can shrink once its log is emptied. */
  #hasGivenBack = false;
  #disposing: Promise<void> | undefined;

  constructor(parts: SqliteParts) {
    this.#parts = parts;
    this.#space = new FreeSpace(parts.database);
    // Free space that an earlier process left.
    this.#tidyLater(IDLE.before);
  }

  async get(key: string): Promise<string | null> {
    return this.#read(() => this.#parts.records.get(key));
  }

  async *entries(prefix: string): AsyncGenerator<readonly StorageEntry[]> {
    const { records } = this.#parts;
    const places = await this.#read(() => records.placesOf(prefix));
    for (const ids of chunksOf(places?.ids ?? [])) {
      const some = await this.#read(() => places && records.at(ids, places));
      if (!some) return yield* entriesByKey(this, prefix);
      yield some;
    }
    if (!places) yield* entriesByKey(this, prefix);
  }

  async keys(): Promise<string[]> {
    return this.#read(() => this.#parts.records.keys());
  }

  async scrub(): Promise<void> {
    let isScrubbed = false;
    return this.#read(() => {
      // Not again when only the log is left to wait for.
      if (!isScrubbed) this.#parts.records.scrub();
      isScrubbed = true;
      this.#parts.records.emptyLog();
      this.#parts.guard.noteSizes();
    });
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    const copy = changes.map(([key, record]) => [key, record] as const);
    const { batches } = this.#turn ?? this.#beginTurn();
    return new Promise((resolve, reject) => {
      batches.push({ changes: copy, resolve, reject });
    });
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    clearTimeout(this.#tidying);
    this.#flush();
    await this.#turn?.done;
    try {
      await this.#tidyNow();
      this.#parts.letGo();
    } finally {
      this.#parts.lock.release();
      this.#parts.database.close();
    }
  }

  async #read<Value>(read: () => Value): Promise<Value> {
    this.#assertOpen();
    return new Promise<Value>((resolve, reject) => {
      const perform = (): void => {
        try {
          resolve(read());
        } catch (cause) {
          if (isBusy(cause)) throw cause;
          reject(this.#failure('read from', cause));
        }
      };
      if (this.#turn || !this.#couldRead(perform))
        (this.#turn ?? this.#beginTurn()).reads.push({ perform, reject });
    });
  }

  #couldRead(perform: () => void): boolean {
    try {
      perform();
      return true;
    } catch {
      return false;
    }
  }

  #beginTurn(): Turn {
    let finish!: () => void;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const turn: Turn = { batches: [], reads: [], lockedSince: undefined, tries: 0, done, finish };
    this.#turn = turn;
    setImmediate(() => {
      if (this.#turn === turn && turn.lockedSince === undefined) this.#flush();
    });
    return turn;
  }

  #flush(): void {
    const turn = this.#turn;
    if (!turn) return;
    try {
      this.#settle(turn.batches);
      for (let read = turn.reads[0]; read; read = turn.reads[0]) {
        read.perform();
        turn.reads.shift();
      }
    } catch (cause) {
      if (this.#waitsFor(turn)) return;
      const error = isLockedTooLong('use', this.#parts.subject, cause);
      for (const { reject } of [...turn.batches, ...turn.reads]) reject(error);
    }
    this.#turn = undefined;
    turn.finish();
    if (!this.#isTidy) this.#tidyLater(IDLE.before);
  }

  /** Schedules another try of the turn; false when it has waited too long. */
  #waitsFor(turn: Turn): boolean {
    turn.lockedSince ??= performance.now();
    if (performance.now() - turn.lockedSince > this.#parts.patience) return false;
    // Keeps the process running, as any pending write does.
    setTimeout(() => this.#flush(), backoffMs(turn.tries, RETRY));
    turn.tries++;
    return true;
  }

  /** Throws only when the file is locked; the remaining batches must be settled again then. */
  #settle(batches: Batch[]): void {
    // A batch that cannot be written must not fail the others.
    for (let together = batches.length; batches.length > 0; together = 1) {
      const group = together > 1 ? batches : batches.slice(0, 1);
      try {
        this.#commit(group);
      } catch (cause) {
        if (isBusy(cause)) throw cause;
        if (group.length > 1) continue;
        group[0]?.reject(this.#failure('write to', cause));
        batches.shift();
        continue;
      }
      for (const { resolve } of batches.splice(0, group.length)) resolve();
    }
  }

  // The lock is checked within the transaction, because a process that takes the scope over has to wait for its end.
  #commit(batches: readonly Batch[]): void {
    const { lock, records, guard } = this.#parts;
    if (lock.loss) throw lock.loss;
    try {
      records.commit(
        batches.map(({ changes }) => changes),
        () => {
          lock.assertHeld();
          guard.assertWhole();
        },
      );
    } catch (cause) {
      // The guard's error explains more than SQLite's.
      if (!isBusy(cause)) guard.assertWhole();
      throw cause;
    }
    guard.noteSizes();
    this.#isTidy &&= !batches.some(({ changes }) => changes.some(([, record]) => record === null));
  }

  #tidyLater(ms: number): void {
    this.#tidying ??= setTimeout(() => {
      this.#tidying = undefined;
      this.#tidy();
    }, ms).unref();
  }

  /** Returns a slice of the free space, unless there is something else to do. */
  #tidy(): void {
    if (this.#disposing) return;
    if (this.#turn) this.#tidyLater(IDLE.before);
    else if (this.#giveBack()) this.#tidyLater(IDLE.between);
  }

  /** The same for all of it, when closing. */
  async #tidyNow(): Promise<void> {
    while (!this.#isTidy && this.#giveBack()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Whether there is more to return. After a failure, the next deletion causes another try. */
  #giveBack(): boolean {
    const { lock, guard, records } = this.#parts;
    this.#isTidy = true;
    try {
      lock.assertHeld();
      guard.assertWhole();
    } catch {
      // The next write reports it.
      return false;
    }
    try {
      const gaveBack = this.#space.giveBack();
      if (gaveBack !== 'nothing') this.#hasGivenBack = true;
      this.#isTidy = gaveBack !== 'some';
      // The file shrinks only when the log is folded into it.
      if (this.#isTidy && this.#hasGivenBack) records.emptyLog();
      if (this.#isTidy) this.#hasGivenBack = false;
    } catch {
      // In use by others. It shrinks later.
    }
    guard.noteSizes();
    return !this.#isTidy;
  }

  #assertOpen(): void {
    if (this.#disposing) throw this.#failure('use', undefined, ': it is closed');
  }

  #failure(action: string, cause: unknown, why = ''): InstantNodeError {
    // A transaction that finds the lock lost is rolled back.
    const { loss } = this.#parts.lock;
    if (loss && cause === loss) return withOutcome(loss, 'not-applied');
    if (cause instanceof InstantNodeError) return cause;
    return new InstantNodeError('storage', `Cannot ${action} ${this.#parts.subject}${why}`, withHint(cause));
  }
}
