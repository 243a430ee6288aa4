import { clearTimeout } from 'node:timers';
import { within } from '../timing/within.ts';

/** How long one round of saving may take before the next is tried, in milliseconds. */
const ROUND_MS = 1_000;
/** Rounds after which whatever still asks to be saved is left. */
const MAX_ROUNDS = 10;

/** The parts of core's `PersistedObject` that saving needs; it declares the timers private. */
interface SaveState {
  _nextSave: NodeJS.Timeout | null;
  _nextGc: NodeJS.Timeout | null;
  _enqueuePersist(options?: object): Promise<number>;
  gc(): void;
  flush(): Promise<unknown>;
  waitForMetaToLoad(): Promise<unknown>;
}

/** One of core's objects that save themselves a moment after each change: `kv`, `querySubs` and the sync tables. */
export class Saving {
  readonly #state: SaveState;

  constructor(persistedObject: object) {
    this.#state = persistedObject as SaveState;
  }

  /** Lets the process end although core's timers for saving and for collecting garbage are running. */
  letGo(): void {
    const state = this.#state;
    const persist = state._enqueuePersist.bind(state);
    const gc = state.gc.bind(state);
    state._enqueuePersist = (options) => {
      const saved = persist(options);
      state._nextSave?.unref();
      return saved;
    };
    state.gc = () => {
      gc();
      state._nextGc?.unref();
    };
  }

  /** Saves what has changed, now. Saving may ask for another round, when a key had to be loaded first. */
  async flush(): Promise<void> {
    let isLoaded = false;
    const loaded = this.#state.waitForMetaToLoad().then(() => {
      isLoaded = true;
    });
    // From a storage that cannot be read it never is, and then there is nothing to save.
    await within(ROUND_MS, loaded);
    if (!isLoaded) return;
    for (let round = 0; this.#state._nextSave && round < MAX_ROUNDS; round++) {
      await within(ROUND_MS, this.#state.flush());
    }
  }

  /** Stops core's timers; nothing is saved any more. */
  stop(): void {
    const state = this.#state;
    state._enqueuePersist = () => Promise.resolve(0);
    state.gc = () => {};
    clearTimeout(state._nextSave ?? undefined);
    clearTimeout(state._nextGc ?? undefined);
    state._nextSave = null;
    state._nextGc = null;
  }
}
