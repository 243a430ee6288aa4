import { getOps } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';

/** A change as core keeps it. */
interface Chunk {
  __ops: unknown[];
}

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
    if (this.#making !== undefined) this.#calls.set(eventId, copyOf(this.#making));
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

/** Copies as deep as core does: the caller may go on using the objects. */
function copyOf(chunks: unknown): Chunk[] {
  const list: unknown[] = Array.isArray(chunks) ? chunks : [chunks];
  return list.map((chunk) => ({
    __ops: getOps(chunk as never).map((op) => (op as unknown[]).map(copied)),
  }));
}

function copied(part: unknown): unknown {
  if (Array.isArray(part)) return [...part];
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}
