import { upsert } from '../store/upsert.ts';
import type { LiveQuery } from './live-query.ts';

/**
 * The live queries whose subscribers wait for news, and which of them is next. Subscribers take turns, each with the
 * query of its own that has waited longest: one with many does not hold up the others.
 */
export class Backlog<Subscriber> {
  /** What each subscriber waits for, the oldest first, with the round in which it began to. */
  readonly #queues = new Map<Subscriber, Map<LiveQuery<Subscriber>, number>>();

  /** Whether nobody waits for anything. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Puts a query behind the others of its subscribers, of those who do not wait for it already. Rounds never go back. */
  add(query: LiveQuery<Subscriber>, round: number): void {
    for (const subscriber of query.subscribers.keys()) {
      const queue = upsert(this.#queues, subscriber, () => new Map<LiveQuery<Subscriber>, number>());
      if (!queue.has(query)) queue.set(query, round);
    }
  }

  /** Takes out the query whose turn it is. */
  take(): LiveQuery<Subscriber> | undefined {
    for (const [subscriber, queue] of this.#queues) {
      // To the end: the next turn is another's.
      this.#queues.delete(subscriber);
      this.#queues.set(subscriber, queue);
      for (const query of queue.keys()) {
        this.#delete(query);
        return query;
      }
    }
    return undefined;
  }

  /** A subscriber waits for a query no longer. To be called before it ceases to be one. */
  leave(subscriber: Subscriber, query: LiveQuery<Subscriber>): void {
    const queue = this.#queues.get(subscriber);
    queue?.delete(query);
    if (queue?.size === 0) this.#queues.delete(subscriber);
  }

  /** Whether a subscriber waits for a query since before a round. */
  waits(subscriber: Subscriber, before: number): boolean {
    for (const round of this.#queues.get(subscriber)?.values() ?? []) return round < before;
    return false;
  }

  #delete(query: LiveQuery<Subscriber>): void {
    for (const subscriber of query.subscribers.keys()) this.leave(subscriber, query);
  }
}
