import { clearTimeout, setImmediate, setTimeout } from 'node:timers';

/** When the next round of saving begins. */
type State = { is: 'idle' } | { is: 'soon' } | { is: 'later'; timer: NodeJS.Timeout } | { is: 'stopped' };

/** Calls `flush` when it is due: at the end of this turn, or after a delay, whichever was requested and comes first. */
export class FlushSchedule {
  readonly #flush: () => void;
  #state: State = { is: 'idle' };

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** At the end of this turn of the event loop: writes put within one turn share a round, and so one disk sync. */
  soon(): void {
    if (this.#state.is === 'soon' || this.#state.is === 'stopped') return;
    this.#clear();
    this.#state = { is: 'soon' };
    setImmediate(this.#flush);
  }

  /** After `delayMs`, unless it is due already. Does not keep the process running. */
  later(delayMs: number): void {
    if (this.#state.is !== 'idle') return;
    const timer = setTimeout(this.#flush, delayMs);
    timer.unref();
    this.#state = { is: 'later', timer };
  }

  /** A flush has begun, on this schedule or not: nothing is due until it is requested again. */
  done(): void {
    if (this.#state.is === 'stopped') return;
    this.#clear();
    this.#state = { is: 'idle' };
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#clear();
    this.#state = { is: 'stopped' };
  }

  #clear(): void {
    if (this.#state.is === 'later') clearTimeout(this.#state.timer);
  }
}
