import { id } from '@instantdb/core';
import { type InstantNodeError, withOutcome } from '../../errors.ts';
import { bytesOf } from '../transactions/step-bytes.ts';
import { type Mutation, whyUnsendable } from '../transactions/transactions.ts';
import type { MessageLimit } from './message-limit.ts';
import type { QueueRoom } from './queue-room.ts';
import type { QueueView } from './queue-view.ts';
import { promiseOf, type WritePromises } from './write-promises.ts';

/** What {@link NewWrites} need to know and to do. */
export interface NewWritesHost {
  readonly view: QueueView;
  readonly promises: WritePromises;
  readonly limit: MessageLimit;
  readonly room: QueueRoom;
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
      order: 0,
      ...whyUnsendable(steps, error),
    };
    const turnedAway = mutation.error ? undefined : this.#turnedAway(eventId, mutation);
    if (turnedAway) return turnedAway;
    mutation.order = view.queue.nextOrder();
    view.update((queue) => queue.set(eventId, mutation));
    this.#host.made(eventId);
    const { promise } = promiseOf(promises, eventId);
    this.#host.take(eventId, mutation);
    this.#host.notify();
    return promise;
  }

  /** What becomes of a write that cannot be made, or not now; undefined when it can. */
  #turnedAway(eventId: string, mutation: Mutation): Promise<unknown> | undefined {
    const { limit, room } = this.#host;
    const tooLarge = limit.refusal(eventId, mutation);
    return tooLarge ? Promise.reject(tooLarge) : room.turnedAway(bytesOf(mutation));
  }
}
