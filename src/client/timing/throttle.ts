import type { Timer, Timers } from './timers.ts';

/** How much longer than the last turn took there is none: a fifth of the time goes into turns at most. */
const REST = 4;

/** Work that is asked for more often than it can be done: a turn stands for all that were asked for since the last. */
export class Throttle {
  readonly #timers: Timers;
  readonly #turns: Map<string, { isOver: number; tookMs: number }> = new Map();
  readonly #due: Map<string, Timer> = new Map();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Does `work` now, or once the last turn of this name is long enough ago, when it asks for what there is then. */
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

  /** Does `work` now, in the place of what is due. */
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

  /** Forgets a name of which no more is asked. */
  forget(name: string): void {
    this.#due.get(name)?.cancel();
    this.#due.delete(name);
    this.#turns.delete(name);
  }
}
