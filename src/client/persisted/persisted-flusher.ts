import type { PersistedObject } from '../core-internals/persisted-object.ts';
import { isSaveDue, onTimerStarted, stopTimers } from '../core-internals/save-timers.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';

/** How long one round of saving may take before the next is tried, in milliseconds. */
const ROUND_MS = 1_000;
/** Rounds after which flushing gives up on whatever still asks to be saved. */
const MAX_ROUNDS = 10;

/** One of core's objects that save themselves a moment after each change: `kv`, `querySubs` and the sync tables. */
export class PersistedFlusher {
  readonly #saved: PersistedObject;

  constructor(persistedObject: object) {
    this.#saved = persistedObject as PersistedObject;
  }

  /** Lets the process exit while core's timers for saving and for garbage collection are running. */
  unrefTimers(): void {
    onTimerStarted(this.#saved, (timer) => timer.unref());
  }

  /** Saves what has changed, now. A save may ask for another round, when a key had to be loaded first. */
  async flush(): Promise<void> {
    let isLoaded = false;
    const loaded = this.#saved.waitForMetaToLoad().then(() => {
      isLoaded = true;
    });
    // The list never loads from a storage that cannot be read, and then there is nothing to save.
    await waitAtMost(ROUND_MS, loaded);
    if (!isLoaded) return;
    for (let round = 0; isSaveDue(this.#saved) && round < MAX_ROUNDS; round++) {
      await waitAtMost(ROUND_MS, this.#saved.flush());
    }
  }

  /** Stops core's timers; nothing is saved after this. */
  stop(): void {
    stopTimers(this.#saved);
  }
}
