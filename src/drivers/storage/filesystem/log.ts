import { InstantNodeError } from '../../../errors.ts';
import type { StorageChange } from '../../contract.ts';
import { withHint } from '../failure-hint.ts';
import { openLogFolder } from './log-folder.ts';
import { LogTable } from './log-table.ts';
import { type LogOptions, LogWriter } from './log-writer.ts';

/** How many characters to write with one sync when more are waiting. */
const MAX_GROUP = 1 << 24;

/** A pending call. */
interface Called {
  resolve(): void;
  reject(error: InstantNodeError): void;
}

interface Batch extends Called {
  readonly changes: readonly StorageChange[];
}

/**
 * Records in an append-only file: a batch is a few lines, and a table in memory says where each record is. Batches that
 * are called while others are on their way to disk share the next write and the next sync.
 */
export class Log {
  readonly #options: LogOptions;
  readonly #table: LogTable;
  readonly #writer: LogWriter;
  #queue: Batch[] = [];
  readonly #scrubs: Called[] = [];
  /** Settles when every batch called so far has settled. */
  #settled: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  readonly #reads = new Set<Promise<unknown>>();
  #closing: Promise<string | undefined> | undefined;

  /** @throws {InstantNodeError} `storage` when the log was written by a later version; it is left unchanged. */
  constructor(options: LogOptions) {
    this.#options = options;
    const folder = openLogFolder(options.disk, options.folder, options.subject);
    this.#table = new LogTable(folder.current);
    this.#writer = new LogWriter(options, this.#table, folder);
    // Not deferred to the first batch, because a former owner may still write to this log.
    if (this.#writer.mustGoOver) this.#run();
  }

  get(key: string): Promise<string | null> {
    return this.#read(() => this.#table.read(key));
  }

  keys(): Promise<string[]> {
    return this.#read(async () => this.#table.keys());
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    const copy = changes.map(([key, record]) => [key, record] as const);
    const outcome = new Promise<void>((resolve, reject) => {
      this.#queue.push({ changes: copy, resolve, reject });
    });
    this.#settled = outcome.catch(() => {});
    this.#run();
    return outcome;
  }

  /** Leaves nothing replaced or deleted in the files. */
  async scrub(): Promise<void> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      this.#scrubs.push({ resolve, reject });
      this.#run();
    });
  }

  /** Waits for pending calls, then closes the files. Returns the note for the next owner. Repeatable. */
  close(): Promise<string | undefined> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<string | undefined> {
    while (this.#running) await this.#running;
    await Promise.allSettled(this.#reads);
    return this.#writer.close();
  }

  async #read<Value>(read: () => Promise<Value>): Promise<Value> {
    this.#assertOpen();
    // So that it sees every batch that was called before, and none that was rejected.
    const reading = this.#settled.then(read);
    this.#reads.add(reading);
    try {
      return await reading;
    } catch (cause) {
      throw this.#failure('read from', cause);
    } finally {
      this.#reads.delete(reading);
    }
  }

  #run(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#isBusy) this.#run();
    });
  }

  /** Continues background work, which `close` ends. */
  #goOn(): void {
    if (!this.#closing) this.#run();
  }

  async #work(): Promise<void> {
    // Calls of the same turn are committed together.
    await undefined;
    do {
      await this.#commit(this.#takeGroup());
      await this.#writer.tidy(() => this.#goOn());
      await this.#scrub(this.#scrubs.splice(0));
    } while (this.#isBusy);
  }

  get #isBusy(): boolean {
    return this.#queue.length + this.#scrubs.length > 0;
  }

  async #scrub(called: readonly Called[]): Promise<void> {
    if (called.length === 0) return;
    try {
      await this.#writer.scrub();
    } catch (cause) {
      const error = cause instanceof InstantNodeError ? cause : this.#failure('write anew', cause);
      for (const { reject } of called) reject(error);
      return;
    }
    for (const { resolve } of called) resolve();
  }

  #takeGroup(): Batch[] {
    let size = 0;
    let count = 0;
    for (const { changes } of this.#queue) {
      if (size > MAX_GROUP) break;
      for (const [key, record] of changes) size += key.length + (record?.length ?? 0);
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(group: readonly Batch[]): Promise<void> {
    try {
      await this.#writer.commit(group.map(({ changes }) => changes));
    } catch (cause) {
      const error = cause instanceof InstantNodeError ? cause : this.#failure('write to', cause);
      for (const { reject } of group) reject(error);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  #assertOpen(): void {
    if (this.#closing) throw this.#failure('use', undefined, ': it is closed');
  }

  #failure(action: string, cause: unknown, why = ''): InstantNodeError {
    return new InstantNodeError(
      'storage',
      `Cannot ${action} ${this.#options.subject}${why}`,
      withHint(cause),
    );
  }
}
