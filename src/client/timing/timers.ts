import { clearTimeout, setTimeout } from 'node:timers';

/** The longest delay that a timer accepts. */
const LONGEST_MS = 2 ** 31 - 1;

/** A timer that can be cancelled. */
export interface Timer {
  cancel(): void;
}

/**
 * The timers of one database. None fires after `clear`, and with `hold` false none keeps the process running.
 *
 * `node:timers` and not the globals, because Deno's global timers are numbers, which have no `unref`.
 */
export class Timers {
  readonly #hold: boolean;
  readonly #running = new Set<Timer>();
  #cleared = false;

  constructor(hold: boolean) {
    this.#hold = hold;
  }

  /** Calls `work` once, after `ms`; never after `clear`. */
  after(ms: number, work: () => void): Timer {
    if (this.#cleared) return { cancel() {} };
    const handle = setTimeout(() => {
      this.#running.delete(timer);
      work();
    }, ms);
    if (!this.#hold) handle.unref();
    const timer: Timer = {
      cancel: () => {
        clearTimeout(handle);
        this.#running.delete(timer);
      },
    };
    this.#running.add(timer);
    return timer;
  }

  /** Keeps the process running until `clear`, if timers do so here. */
  hold(): void {
    this.after(LONGEST_MS, () => this.hold());
  }

  /** Cancels every timer, including those requested later. */
  clear(): void {
    this.#cleared = true;
    for (const timer of [...this.#running]) timer.cancel();
  }
}
