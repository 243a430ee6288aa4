import type { Persistence } from '../storage/persistence.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';
import { PersistedFlusher } from './persisted-flusher.ts';

/** How long a flush waits for a storage that is still being opened. */
const OPENING_GRACE_MS = 1_000;

/** What {@link DatabaseFlusher} needs to know and to do. */
export interface DatabaseFlusherHost {
  readonly persistence: Persistence;
  /** Core's objects that save themselves. */
  readonly saved: readonly object[];
  /** Whether they may keep the process running. */
  readonly keepAlive: boolean;
  /** Makes the next save forget the answers beyond the limit. */
  settleAnswers(): void;
  /** Whether the storage was lost. */
  isLost(): boolean;
}

/** Saves a database, and releases its storage. */
export class DatabaseFlusher {
  readonly #host: DatabaseFlusherHost;
  readonly #flushers: readonly PersistedFlusher[];

  constructor(host: DatabaseFlusherHost) {
    this.#host = host;
    this.#flushers = host.saved.map((saved) => new PersistedFlusher(saved));
    if (!host.keepAlive) for (const flusher of this.#flushers) flusher.unrefTimers();
  }

  /** Saves every unsaved change; rejects when that fails. */
  async flush(): Promise<void> {
    const { persistence, settleAnswers, isLost } = this.#host;
    if (isLost()) return;
    await waitAtMost(OPENING_GRACE_MS, persistence.loaded);
    // Nothing has been read yet, so there is nothing to save but writes, and their promises say that those were not
    // saved.
    if (!persistence.isLoaded) return;
    settleAnswers();
    await Promise.all(this.#flushers.map((flusher) => flusher.flush()));
    await persistence.flush();
  }

  /** Stops saving and releases the storage. Call this last. */
  async release(): Promise<void> {
    for (const flusher of this.#flushers) flusher.stop();
    await this.#host.persistence.dispose();
  }
}
