import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';

/** The queue as core sees it, which is shown another for as long as it asks what we have the answer of. */
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

  /** Shows `writes` in the place of the queue while `work` is done. */
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

  /** Shows the queue. */
  reveal(): void {
    this.#shown = undefined;
  }
}
