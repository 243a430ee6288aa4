import type { StoreInterfaceClass } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import type { TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';
import type { Mutation } from '../transactions/transactions.ts';
import { WriteQueue } from '../transactions/write-queue.ts';
import { BackgroundWrites } from './background-writes.ts';
import { BufferedEvents } from './buffered-events.ts';
import { userIdOf } from './core-values.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { Journal } from './journal.ts';
import type { RecordStoreEvents } from './open-record-store.ts';
import type { RecordStore } from './record-store.ts';
import { retryUntilDone } from './retry-until-done.ts';
import { storeClassOver } from './store-class.ts';
import type { ToldStorage } from './told-storage.ts';

/** What happens in the storage of a database. */
export interface PersistenceEvents extends Pick<RecordStoreEvents, 'report' | 'failed'> {
  /** Writes of earlier processes wait for an author other than the current one. */
  foreign(writes: readonly AuthoredWrite[]): void;
}

/** What is in the storage when it is opened. */
type LoadedWrites = Awaited<ReturnType<Journal['load']>>;

/** How far a database got with its storage. A lost one may have been loaded before, and its memory stays in use. */
type State = { is: 'loading' } | { is: 'loaded' } | { is: 'lost'; wasLoaded: boolean };

/**
 * Everything that one database stores: core's three stores, and the queue of its pending writes.
 *
 * Core reads nothing, and nothing is sent or shown, before the pending writes of earlier processes are in memory. What
 * fails after that is reported and tried again; a storage that cannot be used at all, or was taken over by another
 * process, ends the database.
 */
export class Persistence {
  readonly durable: boolean;
  /** For core's constructor. */
  readonly Store: StoreInterfaceClass;
  readonly queue: WriteQueue;
  /** Writes of earlier authors, in this process or before. */
  readonly foreign: ForeignWrites = new ForeignWrites();
  /** Where pending writes are saved; undefined when nothing outlives the process anyway. */
  readonly journal: Journal | undefined;
  /** Remakes a write that was made before the stored ones were known. */
  remake: (eventId: string, mutation: Mutation) => Mutation = (_, mutation) => mutation;
  /** Resolves once everything stored is in memory; never, when the storage cannot be used. */
  readonly loaded: Promise<void>;
  readonly #records: RecordStore;
  readonly #background: BackgroundWrites;
  readonly #events: BufferedEvents<PersistenceEvents> = new BufferedEvents();
  readonly #told: ToldStorage;
  /** The author of the session: what they write, and what the server answers, is theirs. */
  #author: TransactionAuthor;
  #state: State = { is: 'loading' };

  /** With `isAdmin`, the session has an admin token. */
  constructor(
    openRecordStore: (events: RecordStoreEvents) => RecordStore,
    isAdmin: boolean,
    told: ToldStorage,
  ) {
    this.#told = told;
    this.#author = { userId: null, isAdmin };
    const report = this.#report;
    const failed = (error: InstantNodeError): void => this.#fail(error);
    this.#records = told.over(openRecordStore({ report, failed, emptied: () => this.#persistAgain() }));
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

  /** Whether the writes of earlier processes are in memory. */
  get isLoaded(): boolean {
    return this.#state.is === 'loaded' || (this.#state.is === 'lost' && this.#state.wasLoaded);
  }

  /** Takes writes of the current author out of the queue and leaves them in the storage until that author is back. */
  setAside(writes: readonly WriteEntry[]): void {
    const author = this.#author;
    this.queue.setAside(writes.map(([eventId]) => eventId));
    this.foreign.add(writes.map(([eventId, mutation]) => ({ eventId, mutation, author })));
  }

  /** Sets the user who writes and queries from now on, in the form in which core stores one. */
  setUser(user: unknown): void {
    this.#setUserId(userIdOf(user));
  }

  /** Puts the current author's earlier writes into the queue, before those they have made since. */
  takeBack(): void {
    this.queue.restore(this.foreign.takeOf(this.#author), (eventId, mutation) =>
      this.remake(eventId, mutation),
    );
  }

  /** Forgets a write of another author. Returns whether there was one. */
  discardForeign(eventId: string): boolean {
    const wasThere = this.foreign.delete(eventId);
    if (wasThere) this.journal?.remove(eventId);
    return wasThere;
  }

  /** Calls `events` for all that has happened and will. Not within this call. */
  connect(events: PersistenceEvents): void {
    this.#events.connect(events);
  }

  /** Saves what is unsaved; rejects when that fails. */
  async flush(): Promise<void> {
    await Promise.all([this.journal?.flush(), this.#background.flush()]);
  }

  /** Saves nothing any more, and releases the storage. */
  async dispose(): Promise<void> {
    this.journal?.stop();
    this.#background.stop();
    await this.#records.dispose();
  }

  // Never rejects and, if the storage failed for good, never resolves: nothing may go on without it.
  async #load(): Promise<void> {
    const loaded = await this.#read().catch((error: InstantNodeError) => {
      this.#fail(error);
      return new Promise<never>(() => {});
    });
    this.#state = this.#state.is === 'lost' ? { is: 'lost', wasLoaded: true } : { is: 'loaded' };
    if (!loaded) return;
    this.#setUserId(loaded.userId);
    this.foreign.add(loaded.writes);
    this.takeBack();
    const foreign = this.foreign.all;
    this.#told.loaded(this.queue.waiting, foreign.length);
    if (foreign.length > 0) this.#events.tell((events) => events.foreign(foreign));
  }

  async #read(): Promise<LoadedWrites | undefined> {
    await this.#records.opened;
    const reading = retryUntilDone(
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

  /** The storage has lost its content, but memory still has it. */
  #persistAgain(): void {
    this.#told.emptied();
    if (!this.isLoaded) return;
    this.queue.persistAgain(this.foreign.all);
    void this.#background.saveAgain();
  }

  #report = (error: InstantNodeError): void => {
    this.#told.trouble(error);
    this.#events.tell((events) => events.report(error));
  };

  #fail(error: InstantNodeError): void {
    if (this.#state.is === 'lost') return;
    this.#state = { is: 'lost', wasLoaded: this.isLoaded };
    this.#told.lost(error);
    this.journal?.end();
    this.#events.tell((events) => events.failed(error));
  }
}
