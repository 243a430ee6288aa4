import { validationFailed } from '../../protocol/error.ts';
import type { AppSession } from '../app/app-session.ts';
import type { LiveQueries } from '../app/live-queries.ts';
import type { LiveQuery, QueryRequest, QueryResult } from '../app/live-query.ts';

/** The maximum memory for the live queries of one session, including results, in characters. */
const MAX_CHARS = 256 * 1024 * 1024;

interface Subscription {
  readonly query: LiveQuery<AppSession>;
  /** How many characters it counts for: the query, and its first result. */
  readonly chars: number;
}

/** The subscriptions of one session. A query is identified by its canonical JSON, the `key`. */
export class SessionQueries {
  readonly #live: LiveQueries<AppSession>;
  readonly #session: AppSession;
  /** By key. */
  readonly #subscriptions = new Map<string, Subscription>();
  #chars = 0;

  constructor(live: LiveQueries<AppSession>, session: AppSession) {
    this.#live = live;
    this.#session = session;
  }

  has(key: string): boolean {
    return this.#subscriptions.has(key);
  }

  /**
   * Subscribes, and returns the current result. The query must not be subscribed yet, see {@link has}.
   *
   * @throws {ServerError} when the query fails, or the limit is exceeded; nothing is subscribed then.
   */
  add(key: string, request: QueryRequest): QueryResult {
    const { query, result } = this.#live.subscribe(this.#session, request, key);
    const chars = key.length + result.result.length;
    if (this.#chars + chars > MAX_CHARS) {
      this.#live.unsubscribe(this.#session, query);
      throw tooMuch();
    }
    this.#chars += chars;
    this.#subscriptions.set(key, { query, chars });
    return result;
  }

  /** Ends a subscription, if there is one. */
  remove(key: string): void {
    const subscription = this.#subscriptions.get(key);
    if (!subscription) return;
    this.#live.unsubscribe(this.#session, subscription.query);
    this.#chars -= subscription.chars;
    this.#subscriptions.delete(key);
  }

  /** Ends all subscriptions. */
  end(): void {
    for (const { query } of this.#subscriptions.values()) this.#live.unsubscribe(this.#session, query);
    this.#subscriptions.clear();
  }
}

function tooMuch(): Error {
  const message = `The live queries of a session, with their results, have at most ${MAX_CHARS} characters in all. Remove some, or ask for less.`;
  return validationFailed('add-query', null, [{ message }]);
}
