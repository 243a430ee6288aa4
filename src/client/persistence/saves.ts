import type { Keeping } from '../storage/keeping.ts';
import { within } from '../timing/within.ts';
import { Saving } from './saving.ts';

/** How long a storage that is still being opened is waited for at the end. */
const OPENING_GRACE_MS = 1_000;

/** What {@link Saves} need to know and to do. */
export interface SavesHost {
  readonly keeping: Keeping;
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
export class Saves {
  readonly #host: SavesHost;
  readonly #savings: readonly Saving[];

  constructor(host: SavesHost) {
    this.#host = host;
    this.#savings = host.saved.map((saved) => new Saving(saved));
    if (!host.keepAlive) for (const saving of this.#savings) saving.letGo();
  }

  /** Saves what has changed and not been saved yet; rejects when that does not work. */
  async flush(): Promise<void> {
    const { keeping, settleAnswers, isLost } = this.#host;
    if (isLost()) return;
    await within(OPENING_GRACE_MS, keeping.loaded);
    // Nothing was read yet, so there is nothing to save but writes, whose promises say that they were not.
    if (!keeping.isLoaded) return;
    settleAnswers();
    await Promise.all(this.#savings.map((saving) => saving.flush()));
    await keeping.flush();
  }

  /** Saves nothing any more, and releases the storage; the last thing to be called. */
  async release(): Promise<void> {
    for (const saving of this.#savings) saving.stop();
    await this.#host.keeping.dispose();
  }
}
