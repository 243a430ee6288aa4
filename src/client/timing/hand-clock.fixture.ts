import type { Clock } from './clock.ts';

/** A clock that a test moves by hand, with chance of its own. */
export class HandClock implements Clock {
  #now = 0;
  readonly #due: Set<{ at: number; work: () => void }> = new Set();
  /** What `random` gives. */
  chance: () => number = () => 0.5;

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance();
  }

  after(ms: number, work: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, work };
    this.#due.add(timer);
    return { cancel: () => void this.#due.delete(timer) };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#due.size;
  }

  /** Lets time pass: each timer fires at its time, in order. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      this.#due.delete(next);
      next.work();
    }
    this.#now = until;
  }

  /** Lets time pass in which nothing runs, as when the process is stopped. */
  stop(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): { at: number; work: () => void } | undefined {
    const due = [...this.#due].filter(({ at }) => at <= until);
    return due.sort((one, other) => one.at - other.at)[0];
  }
}
