import { backoffMs } from '../../backoff.ts';
import type { Clock } from '../timing/clock.ts';
import type { RetryRule } from './retry-rule.ts';

/** The numbers that delays follow, in milliseconds. */
export interface RetryTimes {
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** How long a session must last for the next delay to be a first one again. */
  readonly stableMs: number;
}

/**
 * The delays between tries: random within a time that doubles. Without chance all clients of a server that was
 * restarted would come back in the same moments; without memory one whose sessions are dropped at once would never
 * pause.
 */
export class RetryDelay {
  readonly #times: RetryTimes;
  readonly #clock: Pick<Clock, 'now' | 'random'>;
  #failures = 0;
  #isSoonSpent = false;
  #acceptedAt: number | undefined;

  constructor(times: RetryTimes, clock: Pick<Clock, 'now' | 'random'>) {
    this.#times = times;
    this.#clock = clock;
  }

  /** A session has begun. */
  accepted(): void {
    this.#acceptedAt = this.#clock.now();
  }

  /** A connection has ended. */
  ended(): void {
    const lasted = this.#acceptedAt === undefined ? 0 : this.#clock.now() - this.#acceptedAt;
    this.#acceptedAt = undefined;
    if (lasted >= this.#times.stableMs) this.reset();
  }

  /** The next delay is a first one. */
  reset(): void {
    this.#failures = 0;
    this.#isSoonSpent = false;
  }

  /** How long to wait before the next try. */
  nextMs(rule: RetryRule): number {
    const { firstRetryMs: first, maxRetryMs: most } = this.#times;
    if (rule.is === 'soon' && !this.#isSoonSpent) {
      this.#isSoonSpent = true;
      return this.#within(first);
    }
    const usual = this.#within(backoffMs(this.#failures++, { first, most }));
    // What the server asks for is a minimum; chance spreads those whom it asked at the same time.
    return rule.is === 'later' ? Math.max(rule.ms + this.#within(first), usual) : usual;
  }

  #within(ms: number): number {
    return this.#clock.random() * ms;
  }
}
