import type { StoreInterfaceClass } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import type { TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';
import type { Mutation } from '../transactions/transactions.ts';
import { WriteQueue } from '../transactions/write-queue.ts';
import { BackgroundWrites } from './background-writes.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { Journal, type LoadedWrites, userIdOf } from './journal.ts';
import type { RecordsEvents } from './open-records.ts';
import type { Records } from './records.ts';
import { retried } from './retried.ts';
import { storeClassOver } from './store-class.ts';

/** Who is told of what happens in the storage. Before there is anybody, nothing is lost: it is told later. */
export interface KeepingEvents {
  /** Something went wrong, and the database goes on. */
  report(error: InstantNodeError): void;
  /** The storage cannot be used, or no more: the database must stop. */
  failed(error: InstantNodeError): void;
  /** Writes of earlier processes wait for another author than who has the database now. */
  foreign(writes: readonly AuthoredWrite[]): void;
}

/** All that one database keeps: core's stores, and the queue of its pending writes. */
export class Keeping {
  readonly durable: boolean;
  /** For core's constructor. */
  readonly Store: StoreInterfaceClass;
  readonly queue: WriteQueue;
  /** What earlier authors made, in this process or before. */
  readonly foreign: ForeignWrites = new ForeignWrites();
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
  /** Whose session it is: what they write and what the server answers is theirs. */
  #author: TransactionAuthor;
  #isLoaded = false;

  /** With `isAdmin`, the session has an admin token. */
  constructor(openRecords: (events: RecordsEvents) => Records, isAdmin: boolean) {
    this.#author = { userId: null, isAdmin };
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
      owner: () => this.#author,
      report,
    });
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Takes writes of the present author out of the queue and leaves them in the storage, until that author is back. */
  setAside(writes: readonly WriteEntry[]): void {
    const author = this.#author;
    this.queue.setAside(writes.map(([eventId]) => eventId));
    this.foreign.add(writes.map(([eventId, mutation]) => ({ eventId, mutation, author })));
  }

  /** Whoever writes and asks from now on, as core keeps a user. */
  setUser(user: unknown): void {
    this.#setUserId(userIdOf(user));
  }

  /** Puts what the present author had made before into the queue, before what they have made since. */
  takeBack(): void {
    this.queue.restore(this.foreign.takeOf(this.#author), (eventId, mutation) =>
      this.remake(eventId, mutation),
    );
  }

  /** Forgets a write of somebody else; whether there was one. */
  discardForeign(eventId: string): boolean {
    const wasThere = this.foreign.delete(eventId);
    if (wasThere) this.journal?.remove(eventId);
    return wasThere;
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
    const loaded = await this.#read().catch((error: InstantNodeError) => {
      this.#fail(error);
      return new Promise<never>(() => {});
    });
    this.#isLoaded = true;
    if (!loaded) return;
    this.#setUserId(loaded.userId);
    this.foreign.add(loaded.writes);
    this.takeBack();
    const foreign = this.foreign.all;
    if (foreign.length > 0) this.#tell((events) => events.foreign(foreign));
  }

  async #read(): Promise<LoadedWrites | undefined> {
    await this.#records.opened;
    const reading = retried(
      async () => this.journal?.load(),
      (cause) => {
        const message =
          'Cannot read the pending writes from the storage: tried again, and nothing is sent before';
        this.#report(new InstantNodeError('storage', message, { cause }));
      },
      () => this.#background.isStopped,
    );
    return reading.catch((cause: unknown) => {
      throw new InstantNodeError('storage', 'Cannot read the pending writes from the storage', { cause });
    });
  }

  #setUserId(userId: string | null): void {
    this.#author = { ...this.#author, userId };
    this.journal?.setAuthor(this.#author);
  }

  /** What the storage had is gone; what is in memory is not. */
  #keepAgain(): void {
    if (!this.#isLoaded) return;
    this.queue.keepAgain(this.foreign.all);
    void this.#background.saveAgain();
  }

  #report = (error: InstantNodeError): void => this.#tell((events) => events.report(error));

  #fail(error: InstantNodeError): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.journal?.end();
    this.#tell((events) => events.failed(error));
  }

  #tell(tell: (events: KeepingEvents) => void): void {
    if (this.#events) tell(this.#events);
    else this.#early.push(tell);
  }
}
