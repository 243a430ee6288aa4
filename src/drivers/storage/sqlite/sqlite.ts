import { basename, resolve } from 'node:path';
import { InstantNodeError, withOutcome } from '../../../errors.ts';
import type { StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';
import { makeFolder } from '../filesystem/folder.ts';
import { withHint } from '../filesystem/hint.ts';
import { fileNameOf } from '../filesystem/scope.ts';
import { type Lock, takeLock } from '../lock/lock.ts';
import { openOrWait } from '../lock/wait-for-lock.ts';
import { reportExposure } from '../open-to-others.ts';
import { guardOf, makeSqliteFile, openSqliteFile } from './file.ts';
import { SqliteRecords } from './records.ts';

/**
 * Keeps records in one SQLite file, which several scopes and processes may share: write-ahead log, synced at each
 * commit. The file is readable by its owner alone; locks are in a folder beside it, `<file>.locks`.
 *
 * SQLite is called synchronously. Batches that are called in one turn of the event loop are one transaction.
 *
 * @throws {InstantNodeError} `storage` when the file cannot be written, is damaged, or is not one of ours,
 * `storage-locked` when another has the scope open and `whenLocked` is `'fail'`, `missing-dependency` on a Node that
 * has no SQLite.
 */
export function openSqliteStorage(file: string, options: StorageOptions): StorageDriver {
  const path = resolve(file);
  const subject = `storage "sqlite" at "${path}"`;
  const open = (): StorageDriver => openScope(path, subject, options);
  return openOrWait({ name: 'sqlite', durable: true, subject, open }, options);
}

function openScope(path: string, subject: string, options: StorageOptions): StorageDriver {
  const file = makeSqliteFile(path);
  const lock = lockOf(file, subject, options);
  try {
    const database = openSqliteFile(file, (error) => options.report(error));
    // SQLite gives the files beside it the mode that it has.
    reportExposure(subject, [file, `${file}-wal`, `${file}-shm`], options);
    return new SqliteStorage(new SqliteRecords(database, options.scope), lock, guardOf(file), subject);
  } catch (cause) {
    lock.release();
    if (cause instanceof InstantNodeError) throw cause;
    throw new InstantNodeError('storage', `Cannot open ${subject}: the file is damaged`, { cause });
  }
}

function lockOf(file: string, subject: string, { scope, lost }: StorageOptions): Lock {
  const folder = `${file}.locks`;
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new InstantNodeError(
      'storage',
      `Cannot open ${subject}: "${basename(folder)}" beside it cannot be made`,
      {
        hint: 'Give storagePath a file in a folder that this process may write',
        cause,
      },
    );
  }
  return takeLock(`${folder}/${fileNameOf(scope)}`, { subject, lost });
}

/** A batch that was called and has no outcome yet. */
interface Batch {
  readonly changes: readonly StorageChange[];
  resolve(): void;
  reject(error: InstantNodeError): void;
}

/** What is to be done in this turn of the event loop. */
interface Turn {
  readonly batches: Batch[];
  /** What reads, once the batches have settled. */
  readonly reads: (() => void)[];
}

class SqliteStorage implements StorageDriver {
  readonly name = 'sqlite';
  readonly durable = true;
  readonly #records: SqliteRecords;
  readonly #lock: Lock;
  readonly #assertThere: () => void;
  readonly #subject: string;
  #turn: Turn | undefined;
  #isDisposed = false;

  constructor(records: SqliteRecords, lock: Lock, assertThere: () => void, subject: string) {
    this.#records = records;
    this.#lock = lock;
    this.#assertThere = assertThere;
    this.#subject = subject;
  }

  async get(key: string): Promise<string | null> {
    return this.#read(() => this.#records.get(key));
  }

  async keys(): Promise<string[]> {
    return this.#read(() => this.#records.keys());
  }

  async scrub(): Promise<void> {
    return this.#read(() => this.#records.scrub());
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    const copy = changes.map(([key, record]) => [key, record] as const);
    if (!this.#turn) {
      this.#turn = { batches: [], reads: [] };
      setImmediate(() => this.#flush());
    }
    const { batches } = this.#turn;
    return new Promise((resolve, reject) => {
      batches.push({ changes: copy, resolve, reject });
    });
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    try {
      this.#flush();
      this.#records.close();
    } finally {
      this.#lock.release();
    }
  }

  async #read<Value>(read: () => Value): Promise<Value> {
    this.#assertOpen();
    const { promise, perform } = deferred(() => {
      try {
        return read();
      } catch (cause) {
        throw this.#failure('read from', cause);
      }
    });
    if (this.#turn) this.#turn.reads.push(perform);
    else perform();
    return promise;
  }

  #flush(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (!turn) return;
    this.#settle(turn.batches);
    for (const read of turn.reads) read();
  }

  #settle(batches: readonly Batch[]): void {
    try {
      this.#commit(batches);
      for (const { resolve } of batches) resolve();
    } catch (cause) {
      if (batches.length === 1) batches[0]?.reject(this.#failure('write to', cause));
      // One that cannot be written must not cost the others.
      else for (const batch of batches) this.#settle([batch]);
    }
  }

  // Whoever takes the scope over waits for a transaction that was begun, so the lock is asked for within it.
  #commit(batches: readonly Batch[]): void {
    if (this.#lock.loss) throw this.#lock.loss;
    this.#records.commit(
      batches.map(({ changes }) => changes),
      () => {
        this.#lock.assertHeld();
        this.#assertThere();
      },
    );
  }

  #assertOpen(): void {
    if (this.#isDisposed) throw this.#failure('use', undefined, ': it is closed');
  }

  #failure(action: string, cause: unknown, why = ''): InstantNodeError {
    // A transaction that finds the lock gone is taken back.
    const { loss } = this.#lock;
    if (loss && cause === loss) return withOutcome(loss, 'not-applied');
    if (cause instanceof InstantNodeError) return cause;
    return new InstantNodeError('storage', `Cannot ${action} ${this.#subject}${why}`, withHint(cause));
  }
}

/** Work for later, and its outcome. */
function deferred<Value>(work: () => Value): { promise: Promise<Value>; perform(): void } {
  let perform!: () => void;
  const promise = new Promise<Value>((resolve, reject) => {
    perform = () => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
  });
  return { promise, perform };
}
