import { RateLimiter } from './rate-limiter.ts';

const HOUR_MS = 60 * 60 * 1_000;
const CODES_PER_HOUR = 20;
const MAX_SENT_CODES = 10_000;

/** The magic codes that an app has sent, and how many, for as long as it runs. */
export class SentCodes {
  /** Codes sent, by email. */
  readonly sends: RateLimiter = new RateLimiter(CODES_PER_HOUR, HOUR_MS);
  /** Codes tried, by email. */
  readonly tries: RateLimiter = new RateLimiter(CODES_PER_HOUR, HOUR_MS);
  readonly #sentCodes = new Map<string, string>();

  /** The code that was sent last to an email and has not been used. Only here is it kept in clear. */
  latest(email: string): string | undefined {
    return this.#sentCodes.get(email);
  }

  /** Notes the code that was sent to an email. The last 10,000 emails are remembered. */
  noteSent(email: string, code: string): void {
    this.#sentCodes.delete(email);
    this.#sentCodes.set(email, code);
    if (this.#sentCodes.size <= MAX_SENT_CODES) return;
    const [oldest] = this.#sentCodes.keys();
    if (oldest !== undefined) this.#sentCodes.delete(oldest);
  }

  /** Notes that a code was used. */
  noteUsed(email: string, code: string): void {
    if (this.#sentCodes.get(email) === code) this.#sentCodes.delete(email);
  }
}
