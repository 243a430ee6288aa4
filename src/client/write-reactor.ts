import { id } from '@instantdb/core';
import { InstantNodeError, type WriteOutcome, withOutcome } from '../errors.ts';
import type { CoreConfig } from './config/node-config.ts';
import {
  queryError,
  type Refusal,
  refusalCode,
  refusalError,
  refusedAs,
  refusedBy,
} from './refusals/server-refusal.ts';
import { sessionRefused } from './refusals/session-refused.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { type RefusalMessage, type SendingParts, SendingReactor } from './sending-reactor.ts';
import { type Deferred, deferred } from './timing/deferred.ts';
import { Emitter } from './timing/emitter.ts';
import type { AuthoredWrite, WriteEntry } from './transactions/pending-write.ts';
import {
  type Mutation,
  type MutationError,
  mayPass,
  type OwnTransaction,
  type PendingTransaction,
  type TransactionError,
  whyUnsendable,
} from './transactions/transactions.ts';
import { foreignError, foreignTransaction, notTheirs } from './writes/foreign-standing.ts';

/** As core says it. */
const USER_CHANGED = 'User changed while transaction was in progress.';

/** What writing needs. */
export interface WriteParts extends SendingParts {
  /** Whether a promise resolves as `enqueued` only once the write is in the storage. */
  strict: boolean;
}

/** A promise of a write, as core keeps it; that of a retry is not the first, which has resolved. */
interface Waiting extends Deferred<unknown> {
  isRetry?: boolean;
}

/** What of a refusal core does not hand on. */
type Unsaid = Pick<TransactionError, 'type' | 'code' | 'status'>;

/**
 * Core's reactor, with writes that are kept: a write is in the storage before it is said to be, and is never dropped
 * while the server may have it.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class WriteReactor<Schema extends AnySchema> extends SendingReactor<Schema> {
  readonly errors: Emitter<InstantNodeError> = new Emitter();
  readonly transactionErrors: Emitter<TransactionError> = new Emitter();
  /** Why the database can do nothing any more, because its storage cannot be used; undefined while it can. */
  failure: InstantNodeError | undefined;
  /** Told of that. */
  onFailure: (error: InstantNodeError) => void = () => {};
  readonly #strict: boolean;
  #onDelivery: (() => void) | undefined;
  /** What is being refused, while core handles that. */
  #refusal: { eventId: string; steps: Mutation['tx-steps']; unsaid: Unsaid } | undefined;

  constructor(parts: WriteParts) {
    super(parts);
    const { keeping, strict } = parts;
    this.#strict = strict && keeping.durable;
    // Core gives live queries the words of a refusal alone.
    const { notifyQueryError } = this;
    this.notifyQueryError = (hash: string, error: Refusal) =>
      // What is ours says itself why.
      notifyQueryError(hash, 'code' in error ? error : queryError(error, this.#refusal?.unsaid));
    keeping.connect({
      report: (error) => this.report(error),
      failed: (error) => this.fail(error),
      foreign: (writes) => this.#tellForeign(writes),
    });
  }

  /** Tells subscribers, or else the log, of something that went wrong in the background. */
  report(error: InstantNodeError): void {
    this.withoutSecrets(error);
    if (this.errors.size > 0) this.errors.emit(error);
    else
      this.logger.error(
        `[instant] ${[error.message, error.hint].filter(Boolean).join('. ')}`,
        error.cause ?? '',
      );
  }

  /** Ends what the database does: every promise and live query is told why. */
  fail(error: InstantNodeError): void {
    if (this.failure || this._isShutdown) return;
    this.failure = this.withoutSecrets(error);
    this.onFailure(error);
    this._isShutdown = true;
    this._transport.close();
    void this.#endWrites(error);
    this._setStatus('errored', { message: error.message, hint: error.hint });
    for (const hash of Object.keys(this.queryCbs)) this.notifyQueryError(hash, asQueryError(error));
    this.report(error);
  }

  /** Why nothing works while the status is `errored`. */
  refusedSession(): InstantNodeError {
    return this.failure ?? sessionRefused(this._errorMessage, this.config as CoreConfig);
  }

  /** What waits for the server, oldest first, and behind that what waits for its author. */
  pendingTransactions(): PendingTransaction[] {
    return [...this.#ownTransactions(), ...this.keeping.foreign.all.map(foreignTransaction)];
  }

  #ownTransactions(): OwnTransaction[] {
    return [...this.queue]
      .filter(([, mutation]) => mutation['tx-id'] === undefined)
      .map(([eventId, mutation]) => ({
        eventId,
        createdAt: new Date(mutation.created),
        steps: mutation['tx-steps'],
        ...this.#standing(eventId),
      }));
  }

  /** How many writes wait for the server, how many of them were sent over the present connection, how many are others'. */
  countWrites(): { pending: number; sent: number; foreign: number } {
    const sent = this.#isOpen() ? this._inFlightMutationEventIds.size : 0;
    return { pending: this.queue.waiting, sent, foreign: this.keeping.foreign.size };
  }

  /** Sends a write again, without waiting for the next session or the end of a delay. */
  retryTransaction(eventId: string): Promise<unknown> {
    const mutation = this.queue.get(eventId);
    if (this.failure) return Promise.reject(this.failure);
    const foreign = this.keeping.foreign.get(eventId);
    if (foreign) return Promise.reject(notTheirs(foreign));
    if (!mutation || mutation['tx-id'] !== undefined) {
      return Promise.reject(
        new InstantNodeError('not-pending', `Cannot retry transaction "${eventId}": it does not wait`, {
          hint: 'db.pendingTransactions() lists those that do',
        }),
      );
    }
    const isFirst = !this.mutationDeferredStore.has(eventId);
    const waiting = this.#deferredOf(eventId);
    if (isFirst) waiting.isRetry = true;
    const isStuck = this.queue.stuck.delete(eventId);
    if (this.status === 'authenticated') {
      // One that was sent, or waits for its turn, is answered without being sent twice.
      if (isStuck) this.outbox.again([eventId]);
    } else {
      this.enqueued(eventId);
      this.connectNow();
    }
    return waiting.promise;
  }

  /** Gives a write up: takes the local change back, and sends it no more. */
  async discardTransaction(eventId: string): Promise<boolean> {
    const mutation = this.queue.get(eventId);
    if (mutation && mutation['tx-id'] === undefined) {
      const message = `Transaction "${eventId}" was discarded`;
      const outcome = this.#outcomeOf(eventId);
      this.#takeBack(eventId, new InstantNodeError('discarded', message, { outcome }));
    } else if (!this.keeping.discardForeign(eventId)) return false;
    await this.keeping.journal?.flush();
    return true;
  }

  /**
   * The server does not take the session for now. Where nothing outlives the process, nobody is to believe that their
   * writes are safe: those that were acknowledged are told of, once; they are sent when there is a session after all.
   */
  protected writesRefused({ message, hint }: InstantNodeError): void {
    if (this.keeping.durable) return;
    for (const eventId of [...this.mutationDeferredStore.keys()] as string[]) this.enqueued(eventId);
    for (const { eventId, steps } of this.#ownTransactions()) {
      this.#tellRefused({ eventId, steps, message, hint, type: 'connection-failed', isKept: true });
    }
  }

  /** Resolves once no write waits for the server any more, or `mayDeliver` says no. */
  protected async deliveredWhile(mayDeliver: () => boolean): Promise<void> {
    while (this.queue.waiting > this.queue.stuck.size && mayDeliver()) {
      await new Promise<void>((resolve) => {
        this.#onDelivery = resolve;
      });
    }
  }

  /** To be called when what `deliveredWhile` asks for may have changed, too. */
  protected override queueChanged(): void {
    this.#onDelivery?.();
  }

  /** Settles the promises of writes that will not be answered any more: the storage keeps them, or they are lost. */
  async settleWrites(): Promise<void> {
    if (!this.keeping.durable) {
      this.#loseWrites();
      return;
    }
    const waiting = [...this.mutationDeferredStore.keys()] as string[];
    await Promise.all(waiting.map((eventId) => this.#enqueuedOnceSaved(eventId)));
  }

  #loseWrites(): void {
    const message = 'The transaction was not delivered before the database was closed';
    const hint =
      'Give close() more time with timeoutMs, or open the database with a storage that keeps pending writes';
    const acknowledged = this.pendingTransactions().filter(
      ({ eventId }) => !this.mutationDeferredStore.has(eventId),
    );
    this.#rejectWrites(new InstantNodeError('closed', message, { hint }));
    for (const { eventId, steps } of acknowledged) {
      const outcome = this.#outcomeOf(eventId);
      this.#tellRefused({ eventId, steps, message, hint, type: 'closed', outcome, isKept: false });
    }
  }

  #rejectWrites(reason: InstantNodeError): void {
    for (const [eventId, { reject }] of this.#deferreds()) {
      this.mutationDeferredStore.delete(eventId);
      reject(withOutcome(reason, this.#outcomeOf(eventId)));
    }
  }

  /** What became of a write that nobody will send any more. */
  #outcomeOf(eventId: string): WriteOutcome {
    return this.queue.sent.has(eventId) ? 'unknown' : 'not-applied';
  }

  /** Ends what waits when the storage is lost: what is in there is sent by whoever has it now. */
  async #endWrites(reason: InstantNodeError): Promise<void> {
    const { journal } = this.keeping;
    const saving: WriteEntry[] = [];
    for (const write of [...this.queue]) {
      if (journal?.standing(write[0]) === 'saving') saving.push(write);
      else this.#endWrite(write, reason);
    }
    await journal?.settled();
    for (const write of saving) this.#endWrite(write, reason);
  }

  #endWrite([eventId, mutation]: WriteEntry, reason: InstantNodeError): void {
    const standing = this.keeping.journal?.standing(eventId) ?? 'not-kept';
    if (!this.queue.has(eventId) || mutation['tx-id'] !== undefined) return;
    const waiting = this.#waiting(eventId);
    if (standing === 'kept') {
      if (waiting) this._finishTransaction('enqueued', eventId);
      return;
    }
    const outcome = standing === 'unsure' ? 'unknown' : this.#outcomeOf(eventId);
    this.acks.settled(eventId);
    this.mutationDeferredStore.delete(eventId);
    if (outcome === 'not-applied') this._updatePendingMutations((queue) => queue.delete(eventId));
    if (waiting) waiting.reject(withOutcome(reason, outcome));
    else {
      const { code: type, message, hint } = reason;
      this.#tellRefused({
        eventId,
        steps: mutation['tx-steps'],
        message,
        hint,
        type,
        outcome,
        isKept: false,
      });
    }
  }

  // Core looks through all pending writes for the place of the next.
  override pushOps = (steps: Mutation['tx-steps'], error?: Error): Promise<unknown> => {
    if (this.failure) return Promise.reject(withOutcome(this.failure, 'not-applied'));
    if (this.status === 'errored' && !this.keeping.durable) {
      return Promise.reject(withOutcome(this.refusedSession(), 'not-applied'));
    }
    const eventId = id();
    const mutation: Mutation = {
      op: 'transact',
      'tx-steps': steps,
      created: Date.now(),
      order: this.queue.nextOrder(),
      ...whyUnsendable(steps, error),
    };
    this._updatePendingMutations((queue) => queue.set(eventId, mutation));
    this.wasMade(eventId);
    const { promise } = this.#deferredOf(eventId);
    this._sendMutation(eventId, mutation);
    this.notifyAll();
    return promise;
  };

  // Core logs a refusal that nobody waits for to the console, where no program can see it, and drops the server's kind of
  // error from the others.
  override _finishTransaction(
    status: 'enqueued' | 'pending' | 'synced' | 'timeout' | 'error',
    eventId: string,
    error?: MutationError,
  ): void {
    this.acks.settled(eventId);
    const waiting = this.mutationDeferredStore.get(eventId);
    const isRefused = status === 'error' || status === 'timeout';
    if (isRefused && !waiting) {
      const message = error?.message ?? 'The server refused the transaction';
      this.#tellRefused({ ...this.#refused(eventId), eventId, message, hint: error?.hint, isKept: false });
    } else if (isRefused && waiting && this.#refusal?.eventId === eventId) {
      this.mutationDeferredStore.delete(eventId);
      waiting.reject(refusalError({ ...error, ...this.#refusal.unsaid }));
    } else super._finishTransaction(status, eventId, error);
  }

  // Core drops the server's kind of error, has forgotten the steps by the time it reports the refusal, and drops a write
  // that was acknowledged before because the server was busy.
  protected override refuse(refusal: RefusalMessage): void {
    const eventId = refusal['client-event-id'] ?? '';
    const mutation = this.queue.get(eventId);
    this.#refusal = { eventId, steps: mutation?.['tx-steps'] ?? [], unsaid: unsaidOf(refusal) };
    try {
      if (mutation && !this.mutationDeferredStore.has(eventId) && mayPass(refusal)) {
        this.#keepRefused(eventId, refusal);
      } else this.refuseAsCore(refusal);
    } finally {
      this.#refusal = undefined;
    }
  }

  #keepRefused(eventId: string, { message = 'The server failed', hint }: RefusalMessage): void {
    this._inFlightMutationEventIds.delete(eventId);
    this.acks.settled(eventId);
    this.queue.stuck.set(eventId, message);
    this.#tellRefused({ ...this.#refused(eventId), eventId, message, hint, isKept: true });
    this.queueChanged();
  }

  #refused(eventId: string): Pick<TransactionError, 'steps' | 'type' | 'code' | 'status'> {
    if (this.#refusal?.eventId !== eventId) return { steps: [] };
    return { steps: this.#refusal.steps, ...this.#refusal.unsaid };
  }

  // Core rejects with an object that is no error.
  override notifyQueryOnceError(q: object, hash: string, eventId: string, error: Refusal): void {
    super.notifyQueryOnceError(q, hash, eventId, refusalError({ ...error, ...this.#refusal?.unsaid }));
  }

  // An app that takes writes again takes those that it refused meanwhile.
  override _setAppStatus(status: 'active' | 'read-only' | 'disabled' | undefined): void {
    super._setAppStatus(status);
    if (status !== 'active' || this.status !== 'authenticated') return;
    this.outbox.again([...this.queue.stuck.keys()]);
  }

  // Core drops writes of the user before, also those whose promise has resolved.
  override async updateUser(user: never): Promise<void> {
    const left = [...this.queue].filter((write) => this.#isAcknowledged(write));
    this._updatePendingMutations(() => this.keeping.setAside(left));
    this.keeping.setUser(user);
    // It does its part before it first waits.
    const updated = super.updateUser(user);
    for (const [eventId] of left) this.#retryEnded(eventId);
    this._updatePendingMutations(() => this.keeping.takeBack());
    const { foreign } = this.keeping;
    this.#tellForeign(left.flatMap(([eventId]) => foreign.get(eventId) ?? []));
    await updated;
  }

  #isAcknowledged([eventId, mutation]: WriteEntry): boolean {
    if (mutation['tx-id'] !== undefined || mutation.error) return false;
    const waiting = this.#waiting(eventId);
    return !waiting || waiting.isRetry === true;
  }

  /** Tells whoever waits for a retry what core tells whoever waits for a write. */
  #retryEnded(eventId: string): void {
    if (!this.mutationDeferredStore.has(eventId)) return;
    this._finishTransaction('error', eventId, { message: USER_CHANGED, type: 'user-changed' });
  }

  // Core saves it a moment later; an id that is given away should outlive a crash.
  override async getLocalId(name: string): Promise<string> {
    const localId = await super.getLocalId(name);
    await this.kv.flush();
    return localId;
  }

  #deferreds(): [string, Deferred<unknown>][] {
    return [...this.mutationDeferredStore];
  }

  #waiting(eventId: string): Waiting | undefined {
    return this.mutationDeferredStore.get(eventId);
  }

  #deferredOf(eventId: string): Waiting {
    const known = this.#waiting(eventId);
    if (known) return known;
    const made: Waiting = deferred<unknown>();
    this.mutationDeferredStore.set(eventId, made);
    return made;
  }

  #isOpen(): boolean {
    return this.status === 'authenticated' && this._transport.isOpen();
  }

  /** The promise of this write is to wait for the server no longer. */
  protected override enqueued(eventId: string): void {
    if (!this.mutationDeferredStore.has(eventId)) return;
    if (this.#strict) void this.#enqueuedOnceSaved(eventId);
    else this._finishTransaction('enqueued', eventId);
  }

  async #enqueuedOnceSaved(eventId: string): Promise<void> {
    try {
      await this.keeping.journal?.saved(eventId);
      this._finishTransaction('enqueued', eventId);
    } catch (cause) {
      this.#couldNotSave(eventId, cause);
    }
  }

  #couldNotSave(eventId: string, cause: unknown): void {
    const mutation = this.queue.get(eventId);
    // When the storage is lost, its end is told as that.
    if (!mutation || this.failure) return;
    if (this.queue.sent.has(eventId) && !this._isShutdown) {
      // The server may have it, so it cannot be refused: it waits for the answer, and for the storage.
      this.keeping.journal?.put(eventId, mutation);
      return;
    }
    const message =
      'Cannot keep the transaction: the storage did not take it, and there is no session to send it over';
    const outcome = this.#outcomeOf(eventId);
    this.#takeBack(eventId, new InstantNodeError('storage', message, { cause, outcome }));
  }

  #takeBack(eventId: string, reason: Error): void {
    const waiting = this.mutationDeferredStore.get(eventId);
    this.mutationDeferredStore.delete(eventId);
    this.acks.settled(eventId);
    this._inFlightMutationEventIds.delete(eventId);
    this._updatePendingMutations((queue) => queue.delete(eventId));
    this.outbox.settled(eventId);
    this.notifyAll();
    this.notifyAttrsSubs();
    waiting?.reject(this.withoutSecrets(reason));
  }

  #tellForeign(writes: readonly AuthoredWrite[]): void {
    if (this.transactionErrors.size > 0) {
      for (const write of writes) this.transactionErrors.emit(foreignError(write));
    } else if (writes[0]) {
      const { message } = foreignError(writes[0]);
      this.logger.error(
        `[instant] Transactions of others are kept: ${writes.length}. The oldest: ${message}`,
      );
    }
  }

  #tellRefused(error: TransactionError): void {
    if (this.#refusal?.eventId === error.eventId) refusedBy(error, error);
    if (this.transactionErrors.size > 0) this.transactionErrors.emit(error);
    else {
      const { eventId, type, message, hint } = error;
      this.logger.error('[instant] A transaction was refused', { eventId, type, message, hint });
    }
  }

  #standing(eventId: string): Pick<OwnTransaction, 'state' | 'reason'> {
    const stuck = this.queue.stuck.get(eventId);
    if (stuck !== undefined) return { state: 'stuck', reason: `The server refused it: ${stuck}` };
    if (this._inFlightMutationEventIds.has(eventId) && this.#isOpen()) {
      return { state: 'sent', reason: 'The server has not answered yet' };
    }
    const state = this.queue.sent.has(eventId) ? 'unknown' : 'queued';
    return { state, reason: this.#whyNotSent() };
  }

  #whyNotSent(): string {
    if (this.failure) return this.failure.message;
    if (!this._isOnline) return 'There is no network';
    if (this.status === 'errored') return this.refusedSession().message;
    if (this.#isOpen()) return 'Others are sent before';
    return 'There is no session with the server';
  }
}

/** An error of ours, as core gives those of a server to whoever subscribes to a query. */
export function asQueryError(error: InstantNodeError): Refusal & { code: string } {
  const { message, hint, code } = error;
  return refusedAs({ message, hint, code }, error);
}

function unsaidOf(refusal: RefusalMessage): Unsaid {
  const { type, status } = refusal;
  const code = refusalCode(refusal);
  return {
    ...(type !== undefined && { type }),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
  };
}
