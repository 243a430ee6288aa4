import { type Deferred, deferred } from '../timing/deferred.ts';

/** The promises of those who wait for a write to be in the storage, one a write. */
export class PersistWaiters {
  readonly #waiting: Map<string, Deferred<void>> = new Map();

  /** How many writes somebody waits for. */
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

  /** Whether anybody was waiting, and so has been told. */
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
