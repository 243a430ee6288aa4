import { InstantNodeError } from '../../errors.ts';
import type { TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';
import type { Mutation } from '../transactions/transactions.ts';
import { JournalFlusher } from './journal-flusher.ts';
import { type LoadedWrites, loadWrites } from './load-writes.ts';
import { PersistWaiters } from './persist-waiters.ts';
import type { RecordStore } from './record-store.ts';
import { RecordedWrites } from './recorded-writes.ts';
import { type StoredAuthor, type StoredWrite, storedAuthor } from './stored-write.ts';
import { UnsavedWrites } from './unsaved-writes.ts';

/**
 * Whether a write is in the storage, where the next process that opens it finds it. `saving` becomes one of the others.
 */
export type Standing = 'kept' | 'saving' | 'unsure' | 'not-kept';

/**
 * Stores pending writes, one record per write, so that storing and removing one costs the same however many wait.
 *
 * - A write whose `saved` promise has resolved survives a kill: it is on disk, or acknowledged by the server that
 *   stores it.
 * - A write whose `saved` was not called is stored a tenth of a second after it was put; a kill before that loses it.
 * - Writes that are put together share a call of the storage, and so one sync, as far as its `maxBatch` allows.
 * - Records do not depend on each other: a write carries its own order, and none is lost because another is refused.
 * - A kill can leave writes that were delivered and not removed yet, which are sent again under the same id;
 *   {@link isBehind} bounds how many.
 */
export class Journal {
  /** Called when something was saved, or could not be: `isBehind` may be over. */
  onOutcome: () => void = () => {};
  readonly #records: RecordStore;
  readonly #report: (error: InstantNodeError) => void;
  readonly #unsaved: UnsavedWrites<StoredWrite> = new UnsavedWrites();
  readonly #recorded: RecordedWrites<StoredWrite> = new RecordedWrites();
  readonly #waiters: PersistWaiters = new PersistWaiters();
  readonly #flusher: JournalFlusher;
  /** The author of the writes, once known. */
  #author: StoredAuthor | undefined;

  constructor(records: RecordStore, report: (error: InstantNodeError) => void) {
    this.#records = records;
    this.#report = report;
    this.#flusher = new JournalFlusher(
      { records, unsaved: this.#unsaved, recorded: this.#recorded, waiters: this.#waiters },
      { report, onOutcome: () => this.onOutcome() },
    );
  }

  /** The writes that are stored. Must be called once, before `setAuthor`, and again when it rejects. */
  async load(): Promise<LoadedWrites> {
    const loaded = await loadWrites({
      records: this.#records,
      isKnown: (eventId) => this.#recorded.has(eventId),
      report: this.#report,
    });
    for (const { eventId } of loaded.writes) this.#recorded.found(eventId);
    return loaded;
  }

  /**
   * Sets the author of writes from now on. The first author also made those that were put before; until then none is
   * saved.
   */
  setAuthor(author: TransactionAuthor): void {
    const isFirst = !this.#author;
    this.#author = storedAuthor(author);
    if (!isFirst) return;
    for (const state of this.#unsaved.states()) Object.assign(state, this.#author);
    this.#flusher.start();
    if (this.#waiters.size > 0) this.#flusher.soon();
    else if (!this.#unsaved.isEmpty) this.#flusher.later();
  }

  /** Takes the state of a write, to be saved in a moment, or earlier with one that cannot wait. */
  put(eventId: string, mutation: Mutation): void {
    this.#put(eventId, mutation, this.#author);
  }

  /**
   * Stores `writes`, and those of other authors, again and nothing else: the storage has lost some, or has brought
   * removed ones back.
   */
  async persistAgain(writes: readonly WriteEntry[], foreign: readonly AuthoredWrite[]): Promise<void> {
    for (const { eventId, mutation, author } of foreign) {
      this.#put(eventId, mutation, storedAuthor(author));
    }
    for (const [eventId, mutation] of writes) this.put(eventId, mutation);
    this.#flusher.soon();
    const found = await this.#records.keys('writes').catch(() => []);
    for (const eventId of found) {
      if (this.#recorded.has(eventId) || this.#unsaved.has(eventId)) continue;
      this.#recorded.found(eventId);
      this.remove(eventId);
    }
  }

  /** Removes a write, in a moment; one that was never saved will not be. */
  remove(eventId: string): void {
    if (this.#recorded.has(eventId)) {
      this.#unsaved.remove(eventId);
      if (this.isBehind) this.#flusher.soon();
      else this.#flusher.later();
    } else this.#unsaved.forget(eventId);
    this.#waiters.resolve(eventId);
  }

  /**
   * Resolves once a write that was put is in the storage. Rejects when it could not be saved; then it is forgotten,
   * unless it is put again.
   */
  saved(eventId: string): Promise<void> {
    if (!this.#unsaved.has(eventId) && !this.#recorded.isInFlight(eventId)) return Promise.resolve();
    const saved = this.#waiters.of(eventId);
    this.#flusher.soon();
    return saved;
  }

  /** Whether a write is in the storage. */
  standing(eventId: string): Standing {
    if (this.#recorded.isAcknowledged(eventId)) return 'kept';
    if (this.#recorded.isInFlight(eventId) || this.#unsaved.hasInRound(eventId)) return 'saving';
    return this.#recorded.has(eventId) ? 'unsure' : 'not-kept';
  }

  /** Whether so many removals wait that nothing more should be delivered until some are done. */
  get isBehind(): boolean {
    return this.#flusher.isBehind;
  }

  /** Resolves once what is being saved is saved or has failed. Never rejects. */
  settled(): Promise<void> {
    return this.#flusher.settled();
  }

  /** Saves what is unsaved; rejects when that fails. Does nothing before the storage was loaded. */
  flush(): Promise<void> {
    return this.#flusher.flush();
  }

  /** Saves nothing any more. Promises of `saved` stay pending: the storage is lost, which is handled elsewhere. */
  end(): void {
    this.#flusher.stop();
  }

  /** Saves nothing any more, and rejects the promises of `saved`. */
  stop(): void {
    this.end();
    this.#waiters.rejectAll(
      new InstantNodeError('closed', 'The database was closed before the write was saved'),
    );
  }

  #put(eventId: string, mutation: Mutation, author: StoredAuthor | undefined): void {
    this.#unsaved.put(eventId, { ...mutation, ...author });
    this.#flusher.later();
  }
}
