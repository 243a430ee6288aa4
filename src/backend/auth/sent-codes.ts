import { RecentMap } from '../../recent-map.ts';
import { RateLimiter } from './rate-limiter.ts';

const HOUR_MS = 60 * 60 * 1_000;
const CODES_PER_HOUR = 20;
const MAX_SENT_CODES = 10_000;

/** The magic codes that an app has sent, and their rate limits. In memory only. */
export class SentCodes {
  /** Codes sent, by email. */
  readonly sends: RateLimiter = new RateLimiter(CODES_PER_HOUR, HOUR_MS);
  /** Codes tried, by email. */
  readonly tries: RateLimiter = new RateLimiter(CODES_PER_HOUR, HOUR_MS);
  readonly #sentCodes = new RecentMap<string, string>(MAX_SENT_CODES);

  /** The last code sent to an email, until it is used. This is the only place that holds it in plain text. */
  latest(email: string): string | undefined {
    return this.#sentCodes.get(email);
  }

  /** Records the code sent to an email. The last 10,000 emails are remembered. */
  noteSent(email: string, code: string): void {
    this.#sentCodes.set(email, code);
  }

  /** Records that a code was used. */
  noteUsed(email: string, code: string): void {
    if (this.#sentCodes.get(email) === code) this.#sentCodes.delete(email);
  }
}
