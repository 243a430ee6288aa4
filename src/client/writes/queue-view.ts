import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';

/** The queue as core sees it: while core searches it for something we already know, it is shown another. */
export class QueueView {
  readonly queue: WriteQueue;
  readonly #changed: () => void;
  #shown: ReadonlyMap<string, Mutation> | undefined;

  /** `changed` is called after each change. */
  constructor(queue: WriteQueue, changed: () => void) {
    this.queue = queue;
    this.#changed = changed;
  }

  /** What core is shown. */
  get shown(): Map<string, Mutation> {
    return (this.#shown ?? this.queue) as Map<string, Mutation>;
  }

  /** Changes the queue. */
  update(change: (queue: WriteQueue) => unknown): void {
    const before = this.queue.version;
    change(this.queue);
    if (this.queue.version !== before) this.#changed();
  }

  /** Shows `writes` in place of the queue while `work` runs. */
  during<T>(writes: ReadonlyMap<string, Mutation>, work: () => T): T {
    const before = this.#shown;
    this.#shown = writes;
    try {
      return work();
    } finally {
      this.#shown = before;
    }
  }

  /** Shows an empty queue, which it returns, until `reveal` is called. */
  hide(): Map<string, Mutation> {
    const none = new Map<string, Mutation>();
    this.#shown = none;
    return none;
  }

  /** Shows the queue again. */
  reveal(): void {
    this.#shown = undefined;
  }
}
