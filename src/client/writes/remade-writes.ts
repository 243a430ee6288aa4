import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import { EarlyWrites } from './early-writes.ts';

type Taker = (steps: TransactionStep[], error?: Error) => Promise<unknown>;

/** What {@link RemadeWrites} need to know and to do. */
export interface RemadeWritesHost {
  /** Whether what is kept was read. */
  isLoaded(): boolean;
  /** Makes a write of changes, which it hands to `pushOps`. Throws for changes that fit no schema. */
  make(chunks: unknown): Promise<unknown>;
  /** Has `taker` be handed what `make` makes; returns what ends that. */
  divert(taker: Taker): () => void;
  /** Refuses a write that has an error. */
  refuse(eventId: string, mutation: Mutation): void;
}

/**
 * Makes the writes of calls anew that came before what is kept was read: core makes a write of the attributes that it
 * knows, and reads those of kept writes at its leisure.
 */
export class RemadeWrites {
  readonly #host: RemadeWritesHost;
  readonly #early: EarlyWrites = new EarlyWrites();

  constructor(host: RemadeWritesHost) {
    this.#host = host;
  }

  /** Makes a write of changes. */
  push(chunks: unknown): Promise<unknown> {
    if (this.#host.isLoaded()) return this.#host.make(chunks);
    return this.#early.making(chunks, () => this.#host.make(chunks));
  }

  /** A write was put into the queue. */
  made(eventId: string): void {
    this.#early.made(eventId);
  }

  /** What is kept was read, and no write is made anew any more. */
  clear(): void {
    this.#early.clear();
  }

  /** A write as it would have been made now. */
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

  /** What core makes of changes, without the write that it makes of that. */
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
