import type { PersistedObject } from '../core-internals/persisted-object.ts';
import { isSaveDue, onTimerStarted, stopTimers } from '../core-internals/save-timers.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';

/** How long one round of saving may take before the next is tried, in milliseconds. */
const ROUND_MS = 1_000;
/** Rounds after which whatever still asks to be saved is left. */
const MAX_ROUNDS = 10;

/** One of core's objects that save themselves a moment after each change: `kv`, `querySubs` and the sync tables. */
export class PersistedFlusher {
  readonly #saved: PersistedObject;

  constructor(persistedObject: object) {
    this.#saved = persistedObject as PersistedObject;
  }

  /** Lets the process end although core's timers for saving and for collecting garbage are running. */
  unrefTimers(): void {
    onTimerStarted(this.#saved, (timer) => timer.unref());
  }

  /** Saves what has changed, now. Saving may ask for another round, when a key had to be loaded first. */
  async flush(): Promise<void> {
    let isLoaded = false;
    const loaded = this.#saved.waitForMetaToLoad().then(() => {
      isLoaded = true;
    });
    // From a storage that cannot be read it never is, and then there is nothing to save.
    await waitAtMost(ROUND_MS, loaded);
    if (!isLoaded) return;
    for (let round = 0; isSaveDue(this.#saved) && round < MAX_ROUNDS; round++) {
      await waitAtMost(ROUND_MS, this.#saved.flush());
    }
  }

  /** Stops core's timers; nothing is saved any more. */
  stop(): void {
    stopTimers(this.#saved);
  }
}
