import { type Clock, LATE_MS } from '../timing/clock.ts';
import type { Timer } from '../timing/timers.ts';

/** What a {@link Deadline} needs to know and to do. */
export interface DeadlineHost {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Bytes that have arrived so far; undefined where that cannot be seen. */
  receivedBytes(): number | undefined;
  overdue(): void;
}

/**
 * The time by which a server should have answered. An answer that is under way, or lies unread in the socket of a
 * process that was stopped, is awaited for as long again.
 */
export class Deadline {
  readonly #host: DeadlineHost;
  readonly #ms: number;
  #timer: Timer | undefined;

  constructor(ms: number, host: DeadlineHost) {
    this.#host = host;
    this.#ms = ms;
    this.#start();
  }

  /** The answer is there, or not awaited any more. */
  cancel(): void {
    this.#timer?.cancel();
  }

  #start(): void {
    const { clock, receivedBytes, overdue } = this.#host;
    const dueAt = clock.now() + this.#ms;
    const received = receivedBytes();
    this.#timer = clock.after(this.#ms, () => {
      if (clock.now() - dueAt > LATE_MS || receivedBytes() !== received) this.#start();
      else overdue();
    });
  }
}
