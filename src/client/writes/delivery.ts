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

  /** Resolves once no write but stuck ones waits for the server, or waiting makes no sense. */
  async done(): Promise<void> {
    while (this.#queue.waiting > this.#queue.stuck.size && this.#mayDeliver()) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  /** The queue has changed, or whether waiting makes sense. */
  changed(): void {
    this.#onChange?.();
  }
}
