import { id } from '@instantdb/core';
import { type InstantNodeError, withOutcome } from '../../errors.ts';
import { type Mutation, whyUnsendable } from '../transactions/transactions.ts';
import type { QueueView } from './queue-view.ts';
import { promiseOf, type WritePromises } from './write-promises.ts';

/** What {@link NewWrites} need to know and to do. */
export interface NewWritesHost {
  readonly view: QueueView;
  readonly promises: WritePromises;
  /** Why no write can be made; undefined when one can. */
  refusal(): InstantNodeError | undefined;
  /** A write was put into the queue. */
  made(eventId: string): void;
  /** Sends a write in its turn, or refuses it if it has an error. */
  take(eventId: string, mutation: Mutation): void;
  /** Notifies live queries. */
  notify(): void;
}

/** Puts writes into the queue. Core searches all pending writes for the place of the next. */
export class NewWrites {
  readonly #host: NewWritesHost;

  constructor(host: NewWritesHost) {
    this.#host = host;
  }

  /** Makes a write from steps, or from the error in place of them; its promise resolves as `transact`'s does. */
  push(steps: Mutation['tx-steps'], error?: Error): Promise<unknown> {
    const { view, promises } = this.#host;
    const refusal = this.#host.refusal();
    if (refusal) return Promise.reject(withOutcome(refusal, 'not-applied'));
    const eventId = id();
    const mutation: Mutation = {
      op: 'transact',
      'tx-steps': steps,
      created: Date.now(),
      order: view.queue.nextOrder(),
      ...whyUnsendable(steps, error),
    };
    view.update((queue) => queue.set(eventId, mutation));
    this.#host.made(eventId);
    const { promise } = promiseOf(promises, eventId);
    this.#host.take(eventId, mutation);
    this.#host.notify();
    return promise;
  }
}
