import { InstantNodeError } from '../../errors.ts';
import { Turn } from '../timing/turn.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import type { TakeBack } from './taken-back.ts';
import type { WritePromises } from './write-promises.ts';

/** Where writes are saved. */
export interface WriteJournal {
  put(eventId: string, mutation: Mutation): void;
  /** Resolves once a write is in the storage. */
  saved(eventId: string): Promise<void>;
}

/** What {@link Acknowledgements} need to know and to do. */
export interface AcknowledgementsHost {
  readonly queue: WriteQueue;
  readonly promises: WritePromises;
  /** Undefined when nothing outlives the process. */
  readonly journal: WriteJournal | undefined;
  /** Whether a promise resolves as `enqueued` only once the write is in the storage. */
  readonly isStrict: boolean;
  readonly takeBack: TakeBack;
  /** Resolves the promise of a write as `enqueued`. */
  resolve(eventId: string): void;
  /** Whether the storage was lost, which is reported separately. */
  isLost(): boolean;
  isShutdown(): boolean;
}

/** Settles the promises of writes that no longer wait for the server. */
export class Acknowledgements {
  readonly #host: AcknowledgementsHost;
  /** Those whose turn is still to come. */
  readonly #line: Set<string> = new Set();
  readonly #turn: Turn = new Turn(() => this.#goOn());

  constructor(host: AcknowledgementsHost) {
    this.#host = host;
  }

  /** The promise of this write no longer waits for the server. */
  enqueued(eventId: string): void {
    if (!this.#host.promises.has(eventId)) return;
    if (this.#host.isStrict) void this.#enqueuedOnceSaved(eventId);
    else this.#host.resolve(eventId);
  }

  /** The same for all of them, or for those of `eventIds`. Of many, some in each turn of the event loop. */
  allEnqueued(eventIds: Iterable<string> = this.#host.promises.keys()): void {
    for (const eventId of eventIds) this.#line.add(eventId);
    this.#goOn();
  }

  /** Settles all promises, once the storage has the writes. */
  async settleAll(): Promise<void> {
    const waiting = [...this.#host.promises.keys()];
    await Promise.all(waiting.map((eventId) => this.#enqueuedOnceSaved(eventId)));
  }

  #goOn(): void {
    for (const eventId of this.#line) {
      if (this.#turn.isOver()) return;
      this.#line.delete(eventId);
      this.enqueued(eventId);
    }
  }

  async #enqueuedOnceSaved(eventId: string): Promise<void> {
    try {
      await this.#host.journal?.saved(eventId);
      this.#host.resolve(eventId);
    } catch (cause) {
      this.#couldNotSave(eventId, cause);
    }
  }

  #couldNotSave(eventId: string, cause: unknown): void {
    const { queue, journal, takeBack } = this.#host;
    const mutation = queue.get(eventId);
    if (!mutation || this.#host.isLost()) return;
    if (queue.sent.has(eventId) && !this.#host.isShutdown()) {
      // The server may have it, so it cannot be refused: it waits for the answer, and for the storage.
      journal?.put(eventId, mutation);
      return;
    }
    const message =
      'Cannot keep the transaction: the storage did not take it, and there is no session to send it over';
    const outcome = queue.outcomeOf(eventId);
    takeBack(eventId, new InstantNodeError('storage', message, { cause, outcome }));
  }
}
