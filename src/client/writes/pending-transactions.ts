import { InstantNodeError } from '../../errors.ts';
import type { Persistence } from '../storage/persistence.ts';
import { holdsOthers, whyStuck } from '../transactions/stuck.ts';
import type { OwnTransaction, PendingTransaction } from '../transactions/transactions.ts';
import { BehindStuck } from './behind-stuck.ts';
import { foreignTransaction, notTheirs } from './foreign-transaction.ts';
import type { Sender } from './sender.ts';
import type { TakeBack } from './taken-back.ts';
import { promiseOf, type WritePromises } from './write-promises.ts';
import type { FindAttr } from './write-reach.ts';

/** The session, as pending writes need it. */
export interface WriteSession {
  /** The loss of the storage, after which nothing works; undefined unless it was lost. */
  failure(): InstantNodeError | undefined;
  isOnline(): boolean;
  /** Whether the server has accepted it. */
  isAccepted(): boolean;
  /** Whether the server has accepted it, and there is a connection. */
  isOpen(): boolean;
  /** Why the server refuses it; undefined while it does not. */
  refusal(): InstantNodeError | undefined;
}

/** What {@link PendingTransactions} need to know and to do. */
export interface PendingTransactionsHost {
  readonly persistence: Persistence;
  readonly sender: Sender;
  readonly attr: FindAttr;
  readonly promises: WritePromises;
  /** Writes that were sent over the current connection and not answered. */
  readonly inFlight: Set<string>;
  readonly session: WriteSession;
  readonly takeBack: TakeBack;
  /** Makes the promise of a write stop waiting for the server. */
  enqueued(eventId: string): void;
  /** Connects now instead of after the delay. */
  connectNow(): void;
}

/** The writes that the server has not confirmed, as users see them. */
export class PendingTransactions {
  readonly #host: PendingTransactionsHost;

  constructor(host: PendingTransactionsHost) {
    this.#host = host;
  }

  /** The writes that wait for the server, oldest first, then those that wait for their author. */
  all(): PendingTransaction[] {
    return [...this.own(), ...this.#host.persistence.foreign.all.map(foreignTransaction)];
  }

  /** The writes that wait for the server, oldest first. */
  own(): OwnTransaction[] {
    const { queue } = this.#host.persistence;
    const behind = new BehindStuck(this.#host.attr);
    return [...queue]
      .filter(([, mutation]) => mutation['tx-id'] === undefined)
      .map(([eventId, mutation]) => {
        const before = behind.of(mutation);
        if (before !== undefined || holdsOthers(queue.stuck.get(eventId))) {
          behind.add(mutation, before ?? eventId);
        }
        return {
          eventId,
          createdAt: new Date(mutation.created),
          steps: mutation['tx-steps'],
          ...this.#standing(eventId, before),
        };
      });
  }

  /**
   * How many writes wait for the server, how many bytes their steps have, how many of them were sent over the current connection, and how many are other
   * authors'.
   */
  count(): { pending: number; bytes: number; sent: number; foreign: number } {
    const { persistence, inFlight, session } = this.#host;
    const sent = session.isOpen() ? inFlight.size : 0;
    const { waiting: pending, bytes } = persistence.queue;
    return { pending, bytes, sent, foreign: persistence.foreign.size };
  }

  /** Sends a write again, without waiting for the next session or the end of a delay. */
  retry(eventId: string): Promise<unknown> {
    const { persistence, sender, promises, session } = this.#host;
    const { queue } = persistence;
    const refusal = this.#whyNotRetried(eventId);
    if (refusal) return Promise.reject(refusal);
    const isFirst = !promises.has(eventId);
    const waiting = promiseOf(promises, eventId);
    if (isFirst) waiting.isRetry = true;
    const isHolding = holdsOthers(queue.stuck.get(eventId));
    const isRefused = !isHolding && queue.stuck.delete(eventId);
    if (session.isAccepted()) {
      // A write that was sent, or waits for its turn, is answered without being sent twice.
      if (isRefused) sender.outbox.again([eventId]);
      else if (isHolding) sender.tryNow(eventId);
      else if (queue.behind.has(eventId)) this.#host.enqueued(eventId);
    } else {
      this.#host.enqueued(eventId);
      this.#host.connectNow();
    }
    return waiting.promise;
  }

  /** Discards a write: takes its local change back, and does not send it again. Returns whether there was one. */
  async discard(eventId: string): Promise<boolean> {
    const { persistence, takeBack } = this.#host;
    const mutation = persistence.queue.get(eventId);
    if (mutation && mutation['tx-id'] === undefined) {
      const message = `Transaction "${eventId}" was discarded`;
      const outcome = persistence.queue.outcomeOf(eventId);
      takeBack(eventId, new InstantNodeError('discarded', message, { outcome }));
    } else if (!persistence.discardForeign(eventId)) return false;
    await persistence.journal?.flush();
    return true;
  }

  #whyNotRetried(eventId: string): InstantNodeError | undefined {
    const { persistence, session } = this.#host;
    const failure = session.failure();
    if (failure) return failure;
    const foreign = persistence.foreign.get(eventId);
    if (foreign) return notTheirs(foreign);
    const mutation = persistence.queue.get(eventId);
    if (mutation && mutation['tx-id'] === undefined) return undefined;
    return new InstantNodeError('not-pending', `Cannot retry transaction "${eventId}": it does not wait`, {
      hint: 'db.pendingTransactions() lists those that do',
    });
  }

  #standing(eventId: string, before: string | undefined): Pick<OwnTransaction, 'state' | 'reason'> {
    const { persistence, inFlight, session } = this.#host;
    const { stuck, sent } = persistence.queue;
    const why = stuck.get(eventId);
    if (why !== undefined) return { state: 'stuck', reason: whyStuck(why) };
    if (inFlight.has(eventId) && session.isOpen()) {
      return { state: 'sent', reason: 'The server has not answered yet' };
    }
    const state = sent.has(eventId) ? 'unknown' : 'queued';
    if (before === undefined) return { state, reason: this.#whyNotSent() };
    return {
      state,
      reason: `It stays behind transaction "${before}", which is stuck and has something in common with it`,
    };
  }

  #whyNotSent(): string {
    const { session } = this.#host;
    const failure = session.failure();
    if (failure) return failure.message;
    if (!session.isOnline()) return 'There is no network';
    const refusal = session.refusal();
    if (refusal) return refusal.message;
    if (session.isOpen()) return 'Others are sent before';
    return 'There is no session with the server';
  }
}
