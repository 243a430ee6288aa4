import { setImmediate } from 'node:timers';

/** How long work goes on before others get a turn: timers, sockets, and the program's own. */
const LONGEST_MS = 10;

/** The clock and the event loop, as a {@link Turn} needs them. */
export interface Loop {
  /** Milliseconds, of any beginning. */
  now(): number;
  /** Calls `work` once the loop has served timers and sockets. */
  afterThis(work: () => void): void;
}

const realLoop: Loop = {
  now: () => performance.now(),
  afterThis: (work) => {
    setImmediate(work);
  },
};

/** How much of the current turn of the event loop a piece of work may still take, however often it is called in it. */
export class Turn {
  readonly #resume: () => void;
  readonly #loop: Loop;
  #beganAt: number | undefined;
  #isWanted = false;

  /** `resume` goes on with the work in the next turn, if it was found to be over in this one. */
  constructor(resume: () => void, loop: Loop = realLoop) {
    this.#resume = resume;
    this.#loop = loop;
  }

  /** Whether the work has to stop; then `resume` is called in the next turn. */
  isOver(): boolean {
    if (this.#beganAt === undefined) {
      this.#beganAt = this.#loop.now();
      this.#loop.afterThis(() => this.#next());
    }
    this.#isWanted = this.#loop.now() - this.#beganAt >= LONGEST_MS;
    return this.#isWanted;
  }

  #next(): void {
    this.#beganAt = undefined;
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#resume();
  }
}
