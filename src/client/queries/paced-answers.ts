import { Throttle } from '../timing/throttle.ts';
import type { Timers } from '../timing/timers.ts';

/** So many writes are many: fewer take no time to speak of to be applied. */
const MANY = 1_000;

/** What {@link PacedAnswers} needs to know and to do. */
export interface PacedAnswersHost {
  /** How many writes the server has not confirmed. */
  waitingWrites(): number;
  /** Whether the server's answers to what others did are being taken. */
  isRefreshing(): boolean;
  tell(hash: string): void;
}

/**
 * Tells the answers of queries, less often while many writes wait.
 *
 * Core evaluates a query at each refresh, with all pending writes on top. While many are delivered, each of them brings a
 * refresh: that is the square of their number.
 */
export class PacedAnswers {
  readonly #throttle: Throttle;
  readonly #host: PacedAnswersHost;

  constructor(timers: Timers, host: PacedAnswersHost) {
    this.#throttle = new Throttle(timers);
    this.#host = host;
  }

  /** Tells the subscribers of a query, now or in a while. */
  tell(hash: string): void {
    const tell = (): void => this.#host.tell(hash);
    if (this.#host.waitingWrites() < MANY) tell();
    else if (this.#host.isRefreshing()) this.#throttle.ask(hash, tell);
    else this.#throttle.now(hash, tell);
  }

  /** Forgets a query that nobody waits for. */
  forget(hash: string): void {
    this.#throttle.forget(hash);
  }
}
