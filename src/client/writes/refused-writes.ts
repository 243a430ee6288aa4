import type { Logger } from '@instantdb/core';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { mayPass } from '../refusals/may-pass.ts';
import { type Refusal, refusalCode, refusalError, refusedBy } from '../refusals/server-refusal.ts';
import { Emitter } from '../timing/emitter.ts';
import type { AuthoredWrite } from '../transactions/pending-write.ts';
import type { Mutation, MutationError, TransactionError } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import type { AckWatch } from './ack-watch.ts';
import { foreignError } from './foreign-transaction.ts';
import { tellWrite } from './told-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** A server message that refuses something. */
export interface WriteRefusal extends Refusal {
  'client-event-id'?: string;
  'original-event'?: unknown;
}

/** Core's names for what became of a write. */
export type Outcome = 'enqueued' | 'pending' | 'synced' | 'timeout' | 'error';

/** The parts of a refusal that core does not pass on. */
export type Unsaid = Pick<TransactionError, 'type' | 'code' | 'status'>;

/** What {@link RefusedWrites} need to know and to do. */
export interface RefusedWritesHost {
  readonly diagnostics: Diagnostics;
  readonly queue: WriteQueue;
  readonly acks: AckWatch;
  readonly promises: WritePromises;
  /** Writes that were sent over the current connection and not answered. */
  readonly inFlight: Set<string>;
  readonly logger: Logger;
  /** Core's own handling of a refusal. */
  coreRefuses(refusal: WriteRefusal): void;
  /** Core's own way to settle the promise of a write. */
  coreFinishes(outcome: Outcome, eventId: string, error: MutationError | undefined): void;
  /** A write no longer waits, or no longer for its turn. */
  changed(): void;
}

/**
 * Handles the writes that the server refuses, and reports them. Core drops the server's error type, has forgotten the
 * steps by the time it reports the refusal, and drops an acknowledged write when the server was merely busy.
 */
export class RefusedWrites {
  readonly errors: Emitter<TransactionError> = new Emitter();
  readonly #host: RefusedWritesHost;
  /** The refusal that core is handling. */
  #present: { eventId: string; steps: Mutation['tx-steps']; unsaid: Unsaid } | undefined;

  constructor(host: RefusedWritesHost) {
    this.#host = host;
  }

  /** What core does not pass on of the refusal that it is handling. */
  get unsaid(): Unsaid | undefined {
    return this.#present?.unsaid;
  }

  /** Refuses a write for good, or keeps it for later; refusals of anything else are left to core. */
  refuse(refusal: WriteRefusal): void {
    const { queue, promises } = this.#host;
    const eventId = refusal['client-event-id'] ?? '';
    const mutation = queue.get(eventId);
    this.#present = { eventId, steps: mutation?.['tx-steps'] ?? [], unsaid: unsaidOf(refusal) };
    try {
      const isKept = mutation && !promises.has(eventId) && mayPass(refusal);
      tellWrite(this.#host.diagnostics, isKept ? 'stuck' : 'refused', [eventId, mutation], {
        error: refusal,
      });
      if (isKept) this.#keep(eventId, refusal);
      else this.#host.coreRefuses(refusal);
    } finally {
      this.#present = undefined;
    }
  }

  /**
   * Settles the promise of a write. Core logs a refusal without a pending promise to the console, where no program can
   * see it, and drops the server's error type from the others.
   */
  finish(outcome: Outcome, eventId: string, error?: MutationError): void {
    const { acks, promises } = this.#host;
    acks.settled(eventId);
    const waiting = promises.get(eventId);
    const isRefused = outcome === 'error' || outcome === 'timeout';
    if (isRefused && !waiting) {
      const message = error?.message ?? 'The server refused the transaction';
      this.tell({ ...this.#known(eventId), eventId, message, hint: error?.hint, isKept: false });
    } else if (isRefused && waiting && this.#present?.eventId === eventId) {
      promises.delete(eventId);
      waiting.reject(refusalError({ ...error, ...this.#present.unsaid }));
    } else this.#host.coreFinishes(outcome, eventId, error);
  }

  /** Reports, to subscribers or else to the log, a write that was refused after its promise had resolved. */
  tell(error: TransactionError): void {
    if (this.#present?.eventId === error.eventId) refusedBy(error, error);
    if (this.errors.size > 0) this.errors.emit(error);
    else {
      const { eventId, type, message, hint } = error;
      this.#host.logger.error('[instant] A transaction was refused', { eventId, type, message, hint });
    }
  }

  /** Reports, to subscribers or else to the log, writes that wait for their author. */
  tellForeign(writes: readonly AuthoredWrite[]): void {
    if (this.errors.size > 0) {
      for (const write of writes) this.errors.emit(foreignError(write));
    } else if (writes[0]) {
      const { message } = foreignError(writes[0]);
      this.#host.logger.error(
        `[instant] Transactions of others are kept: ${writes.length}. The oldest: ${message}`,
      );
    }
  }

  #keep(eventId: string, { message = 'The server failed', hint }: WriteRefusal): void {
    const { queue, acks, inFlight } = this.#host;
    inFlight.delete(eventId);
    acks.settled(eventId);
    queue.suspects.delete(eventId);
    queue.stuck.set(eventId, { is: 'refused', message });
    this.tell({ ...this.#known(eventId), eventId, message, hint, isKept: true });
    this.#host.changed();
  }

  #known(eventId: string): Pick<TransactionError, 'steps'> & Unsaid {
    if (this.#present?.eventId !== eventId) return { steps: [] };
    return { steps: this.#present.steps, ...this.#present.unsaid };
  }
}

function unsaidOf(refusal: WriteRefusal): Unsaid {
  const { type, status } = refusal;
  const code = refusalCode(refusal);
  return {
    ...(type !== undefined && { type }),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
  };
}
