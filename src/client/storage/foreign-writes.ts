import { isSameAuthor, type TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';

/** Pending writes of others than who has the database now: neither sent nor shown until their author is back. */
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

  /** Whether there was one. */
  delete(eventId: string): boolean {
    return this.#writes.delete(eventId);
  }

  /** Takes out the writes of `author`, oldest first: they are foreign no more. */
  takeOf(author: TransactionAuthor): WriteEntry[] {
    const theirs = this.all.filter((write) => isSameAuthor(write.author, author));
    for (const { eventId } of theirs) this.#writes.delete(eventId);
    return theirs.map(({ eventId, mutation }) => [eventId, mutation]);
  }
}
