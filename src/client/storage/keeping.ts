import type { StoreInterfaceClass } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import type { Mutation } from '../transactions.ts';
import { WriteQueue } from '../write-queue.ts';
import { BackgroundWrites } from './background-writes.ts';
import { Journal, userIdOf, type WriteEntry } from './journal.ts';
import type { RecordsEvents } from './open-records.ts';
import type { Owner } from './owned-answers.ts';
import type { Records } from './records.ts';
import { retried } from './retried.ts';
import { storeClassOver } from './store-class.ts';

/** Who is told of what happens in the storage. Before there is anybody, nothing is lost: it is told later. */
export interface KeepingEvents {
  /** Something went wrong, and the database goes on. */
  report(error: InstantNodeError): void;
  /** The storage cannot be used, or no more: the database must stop. */
  failed(error: InstantNodeError): void;
  /** Writes of earlier processes were forgotten, because they were made by another user. */
  foreign(writes: readonly WriteEntry[]): void;
}

/** All that one database keeps: core's stores, and the queue of its pending writes. */
export class Keeping {
  readonly durable: boolean;
  /** For core's constructor. */
  readonly Store: StoreInterfaceClass;
  readonly queue: WriteQueue;
  /** Where pending writes are saved; none when nothing outlives the process anyway. */
  readonly journal: Journal | undefined;
  /** Makes writes anew that were made before what is kept was known. */
  remake: (eventId: string, mutation: Mutation) => Mutation = (_, mutation) => mutation;
  /** Resolves once what is kept is in memory; never, when the storage cannot be used. */
  readonly loaded: Promise<void>;
  readonly #records: Records;
  readonly #background: BackgroundWrites;
  readonly #early: ((events: KeepingEvents) => void)[] = [];
  #events: KeepingEvents | undefined;
  #hasFailed = false;
  /** Whose session it is: what the server answers is theirs. */
  #user: Owner = null;
  #isLoaded = false;

  constructor(openRecords: (events: RecordsEvents) => Records) {
    const report = this.#report;
    const failed = (error: InstantNodeError): void => this.#fail(error);
    this.#records = openRecords({ report, failed, emptied: () => this.#keepAgain() });
    this.durable = this.#records.durable;
    this.journal = this.durable ? new Journal(this.#records, report) : undefined;
    this.queue = new WriteQueue(this.journal);
    this.#background = new BackgroundWrites(this.#records, report);
    this.loaded = this.#load();
    this.Store = storeClassOver({
      records: this.#records,
      writes: this.#background,
      queueLoaded: this.loaded,
      owner: () => this.#user,
      report,
    });
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Whoever writes and asks from now on, as core keeps a user. */
  setUser(user: unknown): void {
    this.#user = userIdOf(user);
    this.journal?.setUser(this.#user);
  }

  /** Tells `events` of what has happened and what will. Not within this call. */
  connect(events: KeepingEvents): void {
    // Not queueMicrotask, which on Deno 2.9.6 changes that global when it is first called.
    void Promise.resolve().then(() => {
      this.#events = events;
      for (const tell of this.#early.splice(0)) tell(events);
    });
  }

  /** Saves what is left; rejects when that does not work. */
  async flush(): Promise<void> {
    await Promise.all([this.journal?.flush(), this.#background.flush()]);
  }

  /** Saves nothing any more, and releases the storage. */
  async dispose(): Promise<void> {
    this.journal?.stop();
    this.#background.stop();
    await this.#records.dispose();
  }

  // Never rejects and, where the storage failed for good, never resolves: nobody must go on without it.
  async #load(): Promise<void> {
    try {
      await this.#records.opened;
    } catch (cause) {
      this.#fail(cause as InstantNodeError);
      await new Promise(() => {});
    }
    const loaded = await retried(
      async () => this.journal?.load(),
      (cause) => {
        const message =
          'Cannot read the pending writes from the storage: tried again, and nothing is sent before';
        this.#report(new InstantNodeError('storage', message, { cause }));
      },
      () => this.#background.isStopped,
    );
    this.#isLoaded = true;
    if (!loaded) return;
    this.#user = this.journal?.user ?? null;
    this.queue.restore(loaded.own, (eventId, mutation) => this.remake(eventId, mutation));
    if (loaded.foreign.length > 0) this.#tell((events) => events.foreign(loaded.foreign));
  }

  /** What the storage had is gone; what is in memory is not. */
  #keepAgain(): void {
    if (!this.#isLoaded) return;
    this.queue.keepAgain();
    void this.#background.saveAgain();
  }

  #report = (error: InstantNodeError): void => this.#tell((events) => events.report(error));

  #fail(error: InstantNodeError): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#tell((events) => events.failed(error));
  }

  #tell(tell: (events: KeepingEvents) => void): void {
    if (this.#events) tell(this.#events);
    else this.#early.push(tell);
  }
}
