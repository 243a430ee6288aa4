import type { Timer, Timers } from './timers.ts';

/** The pause after a turn, in multiples of the time it took: turns take a fifth of the time at most. */
const REST = 4;

/** Limits work that is requested more often than it can be done: one turn serves all requests since the last. */
export class Throttle {
  readonly #timers: Timers;
  readonly #turns: Map<string, { isOver: number; tookMs: number }> = new Map();
  readonly #due: Map<string, Timer> = new Map();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Does `work` now or, when the last turn of this name is too recent, later: it then works on the state at that time.
   */
  ask(name: string, work: () => void): void {
    if (this.#due.has(name)) return;
    const { isOver, tookMs } = this.#turns.get(name) ?? { isOver: 0, tookMs: 0 };
    const waitMs = isOver + REST * tookMs - performance.now();
    if (waitMs <= 0) this.#work(name, work);
    else
      this.#due.set(
        name,
        this.#timers.after(waitMs, () => this.#work(name, work)),
      );
  }

  /** Does `work` now, in place of what is due. */
  now(name: string, work: () => void): void {
    this.#due.get(name)?.cancel();
    this.#work(name, work);
  }

  #work(name: string, work: () => void): void {
    this.#due.delete(name);
    const began = performance.now();
    try {
      work();
    } finally {
      const isOver = performance.now();
      this.#turns.set(name, { isOver, tookMs: isOver - began });
    }
  }

  /** Forgets a name that is no longer used. */
  forget(name: string): void {
    this.#due.get(name)?.cancel();
    this.#due.delete(name);
    this.#turns.delete(name);
  }
}
