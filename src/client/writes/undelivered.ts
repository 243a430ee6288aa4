import { InstantNodeError, withOutcome } from '../../errors.ts';
import type { Persistence } from '../storage/persistence.ts';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { AckWatch } from './ack-watch.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { PendingTransactions } from './pending-transactions.ts';
import type { QueueRoom } from './queue-room.ts';
import type { QueueView } from './queue-view.ts';
import type { RefusedWrites } from './refused-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** What {@link Undelivered} needs to know and to do. */
export interface UndeliveredHost {
  readonly persistence: Persistence;
  readonly view: QueueView;
  readonly acks: AckWatch;
  readonly promises: WritePromises;
  readonly refused: RefusedWrites;
  readonly room: QueueRoom;
  readonly pending: PendingTransactions;
  readonly acknowledgements: Acknowledgements;
  /** Resolves the promise of a write as `enqueued`. */
  resolve(eventId: string): void;
}

/** Handles writes that the server will not get from here: when the database ends, or while there is no session. */
export class Undelivered {
  readonly #host: UndeliveredHost;

  constructor(host: UndeliveredHost) {
    this.#host = host;
  }

  /**
   * The server refuses the session for now. If nothing outlives the process, users should not believe that their writes
   * are safe: acknowledged ones are reported, once, and are sent if there is a session after all.
   */
  sessionRefused(error: InstantNodeError): void {
    const { persistence, acknowledgements, pending, refused, room } = this.#host;
    if (persistence.durable) return;
    const { message, hint } = error;
    room.rejectAll(withOutcome(error, 'not-applied'));
    acknowledgements.allEnqueued();
    for (const { eventId, steps } of pending.own()) {
      refused.tell({ eventId, steps, message, hint, type: 'connection-failed', isKept: true });
    }
  }

  /** Settles the promises of writes that will not be answered any more: the storage keeps them, or they are lost. */
  async settle(): Promise<void> {
    if (this.#host.persistence.durable) await this.#host.acknowledgements.settleAll();
    else this.#lose();
  }

  /** Ends the writes that wait when the storage is lost: the storage's new owner sends those that are in it. */
  async end(reason: InstantNodeError): Promise<void> {
    const { journal, queue } = this.#host.persistence;
    this.#host.room.rejectAll(withOutcome(reason, 'not-applied'));
    const saving: WriteEntry[] = [];
    for (const write of [...queue]) {
      if (journal?.standing(write[0]) === 'saving') saving.push(write);
      else this.#endWrite(write, reason);
    }
    await journal?.settled();
    for (const write of saving) this.#endWrite(write, reason);
  }

  #lose(): void {
    const { persistence, promises, pending, refused } = this.#host;
    const message = 'The transaction was not delivered before the database was closed';
    const hint =
      'Give close() more time with timeoutMs, or open the database with a storage that keeps pending writes';
    const acknowledged = pending.all().filter(({ eventId }) => !promises.has(eventId));
    this.#rejectAll(new InstantNodeError('closed', message, { hint }));
    for (const { eventId, steps } of acknowledged) {
      const outcome = persistence.queue.outcomeOf(eventId);
      refused.tell({ eventId, steps, message, hint, type: 'closed', outcome, isKept: false });
    }
  }

  #rejectAll(reason: InstantNodeError): void {
    const { persistence, promises } = this.#host;
    for (const [eventId, { reject }] of [...promises]) {
      promises.delete(eventId);
      reject(withOutcome(reason, persistence.queue.outcomeOf(eventId)));
    }
  }

  #endWrite([eventId, mutation]: WriteEntry, reason: InstantNodeError): void {
    const { persistence, view, acks, promises, refused } = this.#host;
    const standing = persistence.journal?.standing(eventId) ?? 'not-kept';
    if (!persistence.queue.has(eventId) || mutation['tx-id'] !== undefined) return;
    const waiting = promises.get(eventId);
    if (standing === 'kept') {
      if (waiting) this.#host.resolve(eventId);
      return;
    }
    const outcome = standing === 'unsure' ? 'unknown' : persistence.queue.outcomeOf(eventId);
    acks.settled(eventId);
    promises.delete(eventId);
    if (outcome === 'not-applied') view.update((queue) => queue.delete(eventId));
    if (waiting) waiting.reject(withOutcome(reason, outcome));
    else {
      const { code: type, message, hint } = reason;
      const steps = mutation['tx-steps'];
      refused.tell({ eventId, steps, message, hint, type, outcome, isKept: false });
    }
  }
}
