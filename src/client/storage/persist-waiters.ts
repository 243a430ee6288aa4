import { type Deferred, deferred } from '../timing/deferred.ts';

/** The promises that a write is in the storage, one per write. */
export class PersistWaiters {
  readonly #waiting: Map<string, Deferred<void>> = new Map();

  /** How many writes have such a promise pending. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A promise that settles with the next outcome of the write. */
  of(eventId: string): Promise<void> {
    let waiting = this.#waiting.get(eventId);
    if (!waiting) {
      waiting = deferred();
      this.#waiting.set(eventId, waiting);
    }
    return waiting.promise;
  }

  resolve(eventId: string): void {
    this.#take(eventId)?.resolve();
  }

  /** Returns whether there was a promise to reject. */
  reject(eventId: string, reason: unknown): boolean {
    const waiting = this.#take(eventId);
    waiting?.reject(reason);
    return waiting !== undefined;
  }

  rejectAll(reason: unknown): void {
    for (const eventId of [...this.#waiting.keys()]) this.reject(eventId, reason);
  }

  #take(eventId: string): Deferred<void> | undefined {
    const waiting = this.#waiting.get(eventId);
    this.#waiting.delete(eventId);
    return waiting;
  }
}
