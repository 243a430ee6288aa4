import { isSameAuthor, type TransactionAuthor } from '../transactions/author.ts';

import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';

/** Pending writes of authors other than the current one: neither sent nor shown until their author is back. */
export class ForeignWrites {
  readonly #writes: Map<string, AuthoredWrite> = new Map();

  get size(): number {
    return this.#writes.size;
  }

  /** All of them, oldest first. */
  get all(): AuthoredWrite[] {
    return [...this.#writes.values()].sort((a, b) => a.mutation.order - b.mutation.order);
  }

  get(eventId: string): AuthoredWrite | undefined {
    return this.#writes.get(eventId);
  }

  add(writes: readonly AuthoredWrite[]): void {
    for (const write of writes) this.#writes.set(write.eventId, write);
  }

  /** Returns whether there was one. */
  delete(eventId: string): boolean {
    return this.#writes.delete(eventId);
  }

  /** Removes and returns the writes of `author`, oldest first: they are no longer foreign. */
  takeOf(author: TransactionAuthor): WriteEntry[] {
    const theirs = this.all.filter((write) => isSameAuthor(write.author, author));
    for (const { eventId } of theirs) this.#writes.delete(eventId);
    return theirs.map(({ eventId, mutation }) => [eventId, mutation]);
  }
}
