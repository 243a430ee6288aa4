import { waitAtMost } from '../timing/wait-at-most.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';

/** Waits until writes are delivered. */
export class Delivery {
  readonly #queue: WriteQueue;
  readonly #mayDeliver: () => boolean;
  #onChange: (() => void) | undefined;

  /** `mayDeliver` says whether waiting makes sense. */
  constructor(queue: WriteQueue, mayDeliver: () => boolean) {
    this.#queue = queue;
    this.#mayDeliver = mayDeliver;
  }

  /** Resolves once no write but stuck ones, and what is behind them, waits for the server, or waiting makes no sense, or after `timeoutMs`. */
  async doneWithin(timeoutMs: number): Promise<void> {
    await waitAtMost(timeoutMs, this.#done());
  }

  /** The queue has changed, or whether waiting makes sense. */
  changed(): void {
    this.#onChange?.();
  }

  async #done(): Promise<void> {
    while (this.#queue.deliverable > 0 && this.#mayDeliver()) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }
}
