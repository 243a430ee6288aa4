import { upsert } from '../store/upsert.ts';
import type { LiveQuery } from './live-query.ts';

/**
 * The live queries whose subscribers are due an update, and which of them runs next. Subscribers take turns, each with
 * its longest-waiting query, so one with many queries does not hold up the others.
 */
export class Backlog<Subscriber> {
  /** The queries each subscriber waits for, oldest first, with the round in which the wait began. */
  readonly #queues = new Map<Subscriber, Map<LiveQuery<Subscriber>, number>>();

  /** Whether no subscriber is waiting. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Puts a query at the end of its subscribers' queues, unless it is in them already. Rounds never decrease. */
  add(query: LiveQuery<Subscriber>, round: number): void {
    for (const subscriber of query.subscribers.keys()) {
      const queue = upsert(this.#queues, subscriber, () => new Map<LiveQuery<Subscriber>, number>());
      if (!queue.has(query)) queue.set(query, round);
    }
  }

  /** Removes and returns the query whose turn it is. */
  take(): LiveQuery<Subscriber> | undefined {
    for (const [subscriber, queue] of this.#queues) {
      // Moved to the end: the next turn is another subscriber's.
      this.#queues.delete(subscriber);
      this.#queues.set(subscriber, queue);
      for (const query of queue.keys()) {
        this.#delete(query);
        return query;
      }
    }
    return undefined;
  }

  /** Stops a subscriber's wait for a query. Call it before the subscription ends. */
  leave(subscriber: Subscriber, query: LiveQuery<Subscriber>): void {
    const queue = this.#queues.get(subscriber);
    queue?.delete(query);
    if (queue?.size === 0) this.#queues.delete(subscriber);
  }

  /** Whether a subscriber has been waiting for a query since before a round. */
  waits(subscriber: Subscriber, before: number): boolean {
    for (const round of this.#queues.get(subscriber)?.values() ?? []) return round < before;
    return false;
  }

  #delete(query: LiveQuery<Subscriber>): void {
    for (const subscriber of query.subscribers.keys()) this.leave(subscriber, query);
  }
}
