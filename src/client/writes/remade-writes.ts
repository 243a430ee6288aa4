import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import { EarlyWrites } from './early-writes.ts';

type Taker = (steps: TransactionStep[], error?: Error) => Promise<unknown>;

/** What {@link RemadeWrites} need to know and to do. */
export interface RemadeWritesHost {
  /** Whether the stored writes have been read. */
  isLoaded(): boolean;
  /** Makes a write from changes, which it passes to `pushOps`. Throws for changes that do not fit the schema. */
  make(chunks: unknown): Promise<unknown>;
  /** Passes what `make` makes to `taker` instead; returns a function that ends that. */
  divert(taker: Taker): () => void;
  /** Refuses a write that has an error. */
  refuse(eventId: string, mutation: Mutation): void;
}

/**
 * Remakes the writes of calls that came before the stored writes had been read: core makes a write with the attributes
 * that it knows, and learns those of stored writes only later.
 */
export class RemadeWrites {
  readonly #host: RemadeWritesHost;
  readonly #early: EarlyWrites = new EarlyWrites();

  constructor(host: RemadeWritesHost) {
    this.#host = host;
  }

  /** Makes a write from changes. */
  push(chunks: unknown): Promise<unknown> {
    if (this.#host.isLoaded()) return this.#host.make(chunks);
    return this.#early.making(chunks, () => this.#host.make(chunks));
  }

  /** A write was put into the queue. */
  made(eventId: string): void {
    this.#early.made(eventId);
  }

  /** The stored writes have been read, and no write is remade any more. */
  clear(): void {
    this.#early.clear();
  }

  /** A write as it would be made now. */
  remade(eventId: string, mutation: Mutation): Mutation {
    const chunks = this.#early.take(eventId);
    const made = chunks && !mutation.error ? this.#stepsOf(chunks) : undefined;
    if (!made) return mutation;
    if (!made.error) return { ...mutation, 'tx-steps': made.steps };
    const refused = { ...mutation, error: made.error };
    // Once all of them are in the queue.
    void Promise.resolve().then(() => this.#host.refuse(eventId, refused));
    return refused;
  }

  /** The steps that core makes from changes, without the write that it would make from those. */
  #stepsOf(chunks: unknown): { steps: TransactionStep[]; error: Error | undefined } | undefined {
    let made: { steps: TransactionStep[]; error: Error | undefined } | undefined;
    const restore = this.#host.divert((steps, error) => {
      made = { steps, error };
      return Promise.resolve();
    });
    try {
      this.#host.make(chunks).catch(() => {});
    } catch (error) {
      made = { steps: [], error: error as Error };
    } finally {
      restore();
    }
    return made;
  }
}
