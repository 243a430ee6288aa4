import { type Chunk, copiedChunks } from './copied-chunks.ts';

/**
 * The calls of `transact` that came before stored writes had been read. Their writes were made without the attributes
 * of stored ones, and have to be remade on top of those.
 */
export class EarlyWrites {
  readonly #calls: Map<string, Chunk[]> = new Map();
  #making: unknown;

  /** Notes the write that `make` makes from these changes, as they are at this moment. */
  making<T>(chunks: unknown, make: () => T): T {
    this.#making = chunks;
    try {
      return make();
    } finally {
      this.#making = undefined;
    }
  }

  /** A write was made, by the call in progress if there is one. */
  made(eventId: string): void {
    if (this.#making !== undefined) this.#calls.set(eventId, copiedChunks(this.#making));
  }

  /** The changes that a write was made from, which are then forgotten. */
  take(eventId: string): unknown {
    const chunks = this.#calls.get(eventId);
    this.#calls.delete(eventId);
    return chunks;
  }

  /** Forgets all. */
  clear(): void {
    this.#calls.clear();
  }
}
