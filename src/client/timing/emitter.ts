/**
 * Calls `callback`, and lets what it throws surface as an uncaught exception of its own instead of interrupting the
 * caller: other subscribers are still notified, and the database's state stays consistent.
 */
export function callSafely<Args extends unknown[]>(
  callback: (...args: Args) => unknown,
  ...args: Args
): void {
  try {
    callback(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A list of subscribers. */
export class Emitter<Event> {
  readonly #subscribers = new Set<(event: Event) => void>();

  get size(): number {
    return this.#subscribers.size;
  }

  /** Adds a subscriber and returns a function that removes it. */
  subscribe(callback: (event: Event) => void): () => void {
    const own = (event: Event): void => callback(event);
    this.#subscribers.add(own);
    return () => this.#subscribers.delete(own);
  }

  /** Notifies every subscriber. */
  emit(event: Event): void {
    for (const subscriber of [...this.#subscribers]) callSafely(subscriber, event);
  }
}
