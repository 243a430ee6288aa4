import { clearTimeout, setTimeout } from 'node:timers';
import { backoffMs } from '../../backoff.ts';
import { InstantNodeError } from '../../errors.ts';
import { DepthLimit } from './depth-limit.ts';
import { type RecordChange, type RecordStore, recordName, type StoreName } from './record-store.ts';

const RETRY_MS = { first: 100, most: 10_000 } as const;

/** Whether the storage accepts what it is given. */
type State =
  | { is: 'working' }
  | { is: 'failing'; failures: number; timer: NodeJS.Timeout }
  | { is: 'stopped' };

/**
 * Saves what no caller waits for: core's user, cached answers and sync tables. What could not be saved stays in memory,
 * is read from there, and is saved again later, with the newest value of each key; a failure is reported once, not once
 * per try. Each call of `save` is one batch, stored whole or not at all; a kill loses what the storage has not
 * acknowledged.
 */
export class BackgroundWrites {
  readonly #records: RecordStore;
  readonly #report: (error: InstantNodeError) => void;
  readonly #depth: DepthLimit;
  /** By name. What the storage has not acknowledged. */
  #unsaved: Map<string, RecordChange> = new Map();
  /**
   * By name. What `kv` holds: the user, and local ids. Everything else that is saved can be fetched from the server
   * again.
   */
  readonly #latest: Map<string, RecordChange> = new Map();
  #state: State = { is: 'working' };

  constructor(records: RecordStore, report: (error: InstantNodeError) => void) {
    this.#records = records;
    this.#report = report;
    this.#depth = new DepthLimit(records.durable ? report : () => {});
  }

  /** Resolves after the first try, whether it worked or not. */
  async save(given: readonly RecordChange[]): Promise<void> {
    const changes = given.map((change) => this.#depth.applied(change));
    const added = changes.map((change) => [recordName(change[0], change[1]), change] as const);
    for (const [name, change] of added) this.#unsaved.set(name, change);
    for (const change of changes) this.noteLatest(change);
    try {
      await this.#records.write(changes);
      this.#saved(added);
      // The storage works again, also for what it refused before.
      if (this.#state.is === 'failing') await this.flush();
    } catch (cause) {
      this.#failed(cause);
    }
  }

  /** Notes what the storage has, for {@link saveAgain}. */
  noteLatest(change: RecordChange): void {
    const [store, key] = change;
    if (store === 'kv') this.#latest.set(recordName(store, key), change);
  }

  /** Saves again what only this database knows, because the storage has lost it. */
  async saveAgain(): Promise<void> {
    await this.save([...this.#latest.values()]);
  }

  /** What was given to `save` for a key and is not in the storage yet. */
  unsaved(store: StoreName, key: string): RecordChange | undefined {
    return this.#unsaved.get(recordName(store, key));
  }

  /** Saves what is unsaved; rejects when that fails. */
  async flush(): Promise<void> {
    const left = [...this.#unsaved];
    if (left.length === 0) return;
    await this.#records.write(left.map(([, change]) => change));
    this.#saved(left);
  }

  /** Whether `stop` was called. */
  get isStopped(): boolean {
    return this.#state.is === 'stopped';
  }

  /** Stops trying, and drops what is unsaved. */
  stop(): void {
    this.#clearRetry();
    this.#state = { is: 'stopped' };
    this.#unsaved = new Map();
  }

  #saved(changes: readonly (readonly [string, RecordChange])[]): void {
    // A key that was given again meanwhile is not saved yet.
    for (const [name, change] of changes) {
      if (this.#unsaved.get(name) === change) this.#unsaved.delete(name);
    }
    if (this.#unsaved.size > 0 || this.#state.is === 'stopped') return;
    this.#clearRetry();
    this.#state = { is: 'working' };
  }

  #failed(cause: unknown): void {
    if (this.#state.is === 'stopped' || this.#unsaved.size === 0) return;
    const failures = this.#state.is === 'failing' ? this.#state.failures : 0;
    this.#clearRetry();
    const timer = setTimeout(
      () => {
        this.flush().catch((again) => this.#failed(again));
      },
      backoffMs(failures, RETRY_MS),
    );
    timer.unref();
    this.#state = { is: 'failing', failures: failures + 1, timer };
    if (failures > 0) return;
    const message = 'Cannot save to the storage: kept in memory, and tried again';
    this.#report(new InstantNodeError('storage', message, { cause }));
  }

  #clearRetry(): void {
    if (this.#state.is === 'failing') clearTimeout(this.#state.timer);
  }
}
