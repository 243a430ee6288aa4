import { Throttle } from '../timing/throttle.ts';
import type { Timers } from '../timing/timers.ts';

/** This many waiting writes are slow to apply; fewer take no time to speak of. */
const MANY = 1_000;

/** What {@link PacedAnswers} needs to know and to do. */
export interface PacedAnswersHost {
  /** How many writes the server has not confirmed. */
  waitingWrites(): number;
  /** Whether anybody waits for the answers of a query. */
  isAwaited(hash: string): boolean;
  /** Whether a refresh, the server's new answers after a change, is being handled. */
  isRefreshing(): boolean;
  tell(hash: string): void;
}

/**
 * Passes on the answers of queries, less often while many writes wait.
 *
 * Core evaluates a query at each refresh, with all pending writes on top. While many writes are being delivered, each
 * of them causes a refresh, so the cost grows with the square of their number.
 */
export class PacedAnswers {
  readonly #throttle: Throttle;
  readonly #host: PacedAnswersHost;

  constructor(timers: Timers, host: PacedAnswersHost) {
    this.#throttle = new Throttle(timers);
    this.#host = host;
  }

  /** Notifies the subscribers of a query, now or in a while. */
  tell(hash: string): void {
    // Core tells of queries that were left meanwhile, too: nothing is remembered of one.
    if (!this.#host.isAwaited(hash)) return;
    const tell = (): void => this.#host.tell(hash);
    if (this.#host.waitingWrites() < MANY) tell();
    else if (this.#host.isRefreshing()) this.#throttle.ask(hash, tell);
    else this.#throttle.now(hash, tell);
  }

  /** Forgets a query that has no subscribers or callers. */
  forget(hash: string): void {
    this.#throttle.forget(hash);
  }
}
