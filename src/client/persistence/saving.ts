import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import type { PersistedObject } from '../core-internals/persisted-object.ts';
import { isSaveDue, onTimerStarted, stopTimers } from '../core-internals/save-timers.ts';

/** How long one round of saving may take before the next is tried, in milliseconds. */
const ROUND_MS = 1_000;
/** The longest that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;
/** Rounds after which whatever still asks to be saved is left. */
const MAX_ROUNDS = 10;

/** One of core's objects that save themselves a moment after each change: `kv`, `querySubs` and the sync tables. */
export class Saving {
  readonly #saved: PersistedObject;

  constructor(persistedObject: object) {
    this.#saved = persistedObject as PersistedObject;
  }

  /** Lets the process end although core's timers for saving and for collecting garbage are running. */
  letGo(): void {
    onTimerStarted(this.#saved, (timer) => timer.unref());
  }

  /** Saves what has changed, now. Saving may ask for another round, when a key had to be loaded first. */
  async flush(): Promise<void> {
    let isLoaded = false;
    const loaded = this.#saved.waitForMetaToLoad().then(() => {
      isLoaded = true;
    });
    // From a storage that cannot be read it never is, and then there is nothing to save.
    await within(ROUND_MS, loaded);
    if (!isLoaded) return;
    for (let round = 0; isSaveDue(this.#saved) && round < MAX_ROUNDS; round++) {
      await within(ROUND_MS, this.#saved.flush());
    }
  }

  /** Stops core's timers; nothing is saved any more. */
  stop(): void {
    stopTimers(this.#saved);
  }
}

/** The result of `work`, until which the process is kept running: what it waits for may not do that. */
export async function holding<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, LONGEST_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}

/** Resolves when `work` does, or after `ms`; rejects when `work` rejects before. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
