import type { LiveQuery } from './live-query.ts';
import { upsert } from './store/upsert.ts';

/**
 * The live queries whose subscribers are to be told something, and whose turn it is. Subscribers take turns, each with
 * the query that waits for the longest of its own: whoever has many does not hold up the others.
 */
export class Backlog<Subscriber> {
  /** Each query with the round in which it came in. */
  readonly #rounds = new Map<LiveQuery<Subscriber>, number>();
  readonly #queues = new Map<Subscriber, Set<LiveQuery<Subscriber>>>();

  get size(): number {
    return this.#rounds.size;
  }

  /** Puts a query behind the others of its subscribers, unless it waits already. Rounds never go back. */
  add(query: LiveQuery<Subscriber>, round: number): void {
    if (this.#rounds.has(query)) return;
    this.#rounds.set(query, round);
    for (const subscriber of query.subscribers.keys()) {
      upsert(this.#queues, subscriber, () => new Set()).add(query);
    }
  }

  /** Takes out the query whose turn it is. */
  take(): LiveQuery<Subscriber> | undefined {
    for (const [subscriber, queue] of this.#queues) {
      // To the end: the next turn is another's.
      this.#queues.delete(subscriber);
      this.#queues.set(subscriber, queue);
      const [query] = queue;
      if (query) this.delete(query);
      return query;
    }
    return undefined;
  }

  /** Takes out a query. */
  delete(query: LiveQuery<Subscriber>): void {
    if (!this.#rounds.delete(query)) return;
    for (const subscriber of query.subscribers.keys()) this.leave(subscriber, query);
  }

  /** A subscriber waits for a query no longer. To be called before it ceases to be one. */
  leave(subscriber: Subscriber, query: LiveQuery<Subscriber>): void {
    const queue = this.#queues.get(subscriber);
    queue?.delete(query);
    if (queue?.size === 0) this.#queues.delete(subscriber);
  }

  /** Whether a subscriber waits for a query that came in before a round. */
  waits(subscriber: Subscriber, before: number): boolean {
    // The first is the oldest.
    const [query] = this.#queues.get(subscriber) ?? [];
    return query !== undefined && (this.#rounds.get(query) ?? before) < before;
  }
}
