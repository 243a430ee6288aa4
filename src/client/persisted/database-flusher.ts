import type { Persistence } from '../storage/persistence.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';
import { PersistedFlusher } from './persisted-flusher.ts';

/** How long a storage that is still being opened is waited for at the end. */
const OPENING_GRACE_MS = 1_000;

/** What {@link DatabaseFlusher} need to know and to do. */
export interface DatabaseFlusherHost {
  readonly persistence: Persistence;
  /** Core's objects that save themselves. */
  readonly saved: readonly object[];
  /** Whether they may keep the process running. */
  readonly keepAlive: boolean;
  /** Has answers forgotten that are too many, with the next save. */
  settleAnswers(): void;
  /** Whether the storage was lost. */
  isLost(): boolean;
}

/** Saves what a database has, and releases its storage. */
export class DatabaseFlusher {
  readonly #host: DatabaseFlusherHost;
  readonly #flushers: readonly PersistedFlusher[];

  constructor(host: DatabaseFlusherHost) {
    this.#host = host;
    this.#flushers = host.saved.map((saved) => new PersistedFlusher(saved));
    if (!host.keepAlive) for (const flusher of this.#flushers) flusher.unrefTimers();
  }

  /** Saves what has changed and not been saved yet; rejects when that does not work. */
  async flush(): Promise<void> {
    const { persistence, settleAnswers, isLost } = this.#host;
    if (isLost()) return;
    await waitAtMost(OPENING_GRACE_MS, persistence.loaded);
    // Nothing was read yet, so there is nothing to save but writes, whose promises say that they were not.
    if (!persistence.isLoaded) return;
    settleAnswers();
    await Promise.all(this.#flushers.map((flusher) => flusher.flush()));
    await persistence.flush();
  }

  /** Saves nothing any more, and releases the storage; the last thing to be called. */
  async release(): Promise<void> {
    for (const flusher of this.#flushers) flusher.stop();
    await this.#host.persistence.dispose();
  }
}
