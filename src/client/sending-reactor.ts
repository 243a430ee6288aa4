import type { Attr, AttrsStore } from './engine/store.ts';
import { type Confirmation, type QueueParts, QueueReactor } from './queue-reactor.ts';
import type { Refusal } from './refusals/server-refusal.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { Timers } from './timing/timers.ts';
import type { Mutation, TransactionStep } from './transactions/transactions.ts';
import { AckWatch } from './writes/ack-watch.ts';
import { addedBy, differs, holderOf, takenAttrs, withBothNamed } from './writes/attr-conflict.ts';
import { EarlyWrites } from './writes/early-writes.ts';
import { Outbox } from './writes/outbox.ts';

/** A message of the server that refuses something. */
export interface RefusalMessage extends Refusal {
  'client-event-id'?: string;
  'original-event'?: unknown;
}

/** A refusal of attributes that the server has already, and which of them are meant. */
interface Conflict {
  refusal: RefusalMessage;
  taken: readonly Attr[];
}

/** What sending needs. */
export interface SendingParts extends QueueParts {
  timers: Timers;
}

/**
 * Core's reactor, with writes that are sent in their order, a window of them at a time, and that get along with the
 * attributes that others make.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class SendingReactor<Schema extends AnySchema> extends QueueReactor<Schema> {
  protected readonly acks: AckWatch;
  protected readonly outbox: Outbox = new Outbox({
    waiting: (eventId) => this.#waiting(eventId),
    isAwaited: (mutation) => this.#addsUnknown(mutation),
    // What is delivered before the storage has forgotten it is delivered twice when the process is killed.
    maySend: () => !this.keeping.journal?.isBehind,
    send: (eventId, mutation) => this.#send(eventId, mutation),
  });
  readonly #early: EarlyWrites = new EarlyWrites();
  /** By write, for which attributes it was refused and sent again: once each. */
  readonly #conflicts: Map<string, Set<string>> = new Map();
  /** What the next session is to tell the attributes for. */
  #unlearnt: Conflict | undefined;
  readonly #make: (chunks: unknown) => Promise<unknown>;
  #isRenewing = false;

  constructor(parts: SendingParts) {
    super(parts);
    this.acks = new AckWatch(parts.timers, {
      overdue: (eventId) => this.enqueued(eventId),
      silent: (ms) => this.dropSilentConnection(ms),
    });
    const { keeping } = this;
    const { pushTx } = this;
    this.#make = pushTx as (chunks: unknown) => Promise<unknown>;
    if (!keeping.journal) return;
    keeping.journal.onOutcome = () => this.outbox.proceed();
    // Core makes a write of the attributes that it knows, and reads those of kept writes at its leisure.
    this.pushTx = (chunks: unknown) => {
      if (keeping.isLoaded) return this.#make(chunks);
      return this.#early.making(chunks, () => this.#make(chunks));
    };
    keeping.remake = (eventId, mutation) => this.#remade(eventId, mutation);
    void keeping.loaded.then(() => this.#early.clear());
  }

  /** Drops a connection on which the server owes an answer and says nothing. */
  protected abstract dropSilentConnection(ms: number): void;

  /** Connects now instead of after the delay. */
  protected abstract connectNow(): void;

  /** Ends the session and begins another, which is told of all attributes. */
  protected abstract renewSession(): void;

  /** The promise of this write is to wait for the server no longer. */
  protected abstract enqueued(eventId: string): void;

  /** To be called when `pushOps` has put a write into the queue. */
  protected wasMade(eventId: string): void {
    this.#early.made(eventId);
  }

  // Core starts a timer for each write and, after six seconds, undoes a write that the server may have committed. It
  // sends what it has at once, however much.
  override _sendMutation(eventId: string, mutation: Mutation): void {
    if (mutation.error) super._sendMutation(eventId, mutation);
    else if (this.status !== 'authenticated' || !this._isOnline) this.enqueued(eventId);
    else this.outbox.add(eventId);
  }

  override _flushPendingMessages(): void {
    const conflict = this.#unlearnt;
    this.#unlearnt = undefined;
    if (conflict) this.#refuseWhatDiffers(conflict);
    super._flushPendingMessages();
    this.outbox.begin([...this.queue.keys()]);
  }

  override _setStatus(status: string, error?: unknown): void {
    super._setStatus(status, error);
    if (status === 'closed' || status === 'errored') this.#sessionEnded();
  }

  protected override confirmWrite(confirmation: Confirmation): void {
    const { 'client-event-id': eventId } = confirmation;
    super.confirmWrite(confirmation);
    this.#conflicts.delete(eventId);
    this.acks.settled(eventId);
    this.outbox.settled(eventId);
  }

  /** Refuses a write for good, or keeps it for another time. */
  protected abstract refuse(refusal: RefusalMessage): void;

  // Core takes every refusal for the last word. Of clients that make one attribute at once all but one are refused.
  override _handleReceiveError(refusal: RefusalMessage): void {
    const eventId = refusal['client-event-id'] ?? '';
    const steps = this.queue.has(eventId) ? this.outbox.sentSteps(eventId) : undefined;
    const taken = steps ? takenAttrs(refusal, steps) : [];
    if (!this.#isNew(eventId, taken)) this.#conflicts.delete(eventId);
    else if (this.#sendAgain(eventId, { refusal, taken })) return;
    this.refuse(refusal);
    this.outbox.settled(eventId);
  }

  /** Core's way to refuse. */
  protected refuseAsCore(refusal: RefusalMessage): void {
    super._handleReceiveError(refusal);
  }

  /** Whether a write was not yet sent again for these attributes. */
  #isNew(eventId: string, taken: readonly Attr[]): boolean {
    const seen = this.#conflicts.get(eventId) ?? new Set();
    const before = seen.size;
    seen.add(taken.map(({ id }) => id).join());
    this.#conflicts.set(eventId, seen);
    return taken.length > 0 && seen.size > before;
  }

  #sendAgain(eventId: string, conflict: Conflict): boolean {
    const attrs = this.ensureAttrs() as unknown as AttrsStore;
    if (this.#refuseWhatDiffers(conflict)) return true;
    this._inFlightMutationEventIds.delete(eventId);
    if (conflict.taken.some((added) => holderOf(attrs, added))) {
      this.takeServersAttrs();
      this.outbox.again([eventId]);
      return true;
    }
    this.#unlearnt = conflict;
    this.#isRenewing = true;
    this.renewSession();
    this.#isRenewing = false;
    return true;
  }

  /** Refuses the write, and all that use the same attribute, when the server's cannot stand for it. Whether it did. */
  #refuseWhatDiffers({ refusal, taken }: Conflict): boolean {
    const attrs = this.ensureAttrs() as unknown as AttrsStore;
    for (const added of taken) {
      const holder = holderOf(attrs, added);
      if (!holder || !differs(added, holder)) continue;
      const named = withBothNamed(refusal, added, holder);
      const refused = refusal['client-event-id'] ?? '';
      // Those that were sent are refused by the server.
      const others = [...this.queue.keys()].filter((eventId) => this.#isUnsentAnd(eventId, added));
      for (const eventId of new Set([refused, ...others])) {
        this.#conflicts.delete(eventId);
        this.refuse({ ...named, 'client-event-id': eventId });
        this.outbox.settled(eventId);
      }
      return true;
    }
    return false;
  }

  #isUnsentAnd(eventId: string, added: Attr): boolean {
    const steps = this.outbox.sentSteps(eventId) ? undefined : this.#waiting(eventId)?.['tx-steps'];
    return addedBy(steps ?? []).some(({ id }) => id === added.id);
  }

  #sessionEnded(): void {
    for (const eventId of this.outbox.unanswered()) {
      if (!this.mutationDeferredStore.has(eventId)) this.acks.settled(eventId);
    }
    this.outbox.end();
    if (this.#isRenewing) return;
    // What was sent is waited for a while longer, since the answer may come with the next session.
    for (const eventId of [...this.mutationDeferredStore.keys()] as string[]) {
      if (!this.acks.isWatching(eventId)) this.enqueued(eventId);
    }
  }

  /** A write as it would have been made now. */
  #remade(eventId: string, mutation: Mutation): Mutation {
    const chunks = this.#early.take(eventId);
    const made = chunks && !mutation.error ? this.#stepsOf(chunks) : undefined;
    if (!made) return mutation;
    if (!made.error) return { ...mutation, 'tx-steps': made.steps };
    const refused = { ...mutation, error: made.error };
    // Once all of them are in the queue.
    void Promise.resolve().then(() => this._sendMutation(eventId, refused));
    return refused;
  }

  /** What core makes of changes, without the write that it makes of that. */
  #stepsOf(chunks: unknown): { steps: TransactionStep[]; error: Error | undefined } | undefined {
    const { pushOps } = this;
    let made: { steps: TransactionStep[]; error: Error | undefined } | undefined;
    this.pushOps = (steps: TransactionStep[], error?: Error) => {
      made = { steps, error };
      return Promise.resolve();
    };
    try {
      this.#make(chunks).catch(() => {});
    } catch (error) {
      made = { steps: [], error: error as Error };
    } finally {
      this.pushOps = pushOps;
    }
    return made;
  }

  #waiting(eventId: string): Mutation | undefined {
    const mutation = this.queue.get(eventId);
    return mutation && mutation['tx-id'] === undefined && !mutation.error ? mutation : undefined;
  }

  /** Until the server has taken them, nothing can use them: were they refused, what comes after would be before. */
  #addsUnknown(mutation: Mutation): boolean {
    return addedBy(mutation['tx-steps']).some(({ id }) => !this.attrs?.getAttr(id));
  }

  #send(eventId: string, mutation: Mutation): boolean {
    this._trySend(eventId, mutation, undefined);
    if (!this._inFlightMutationEventIds.has(eventId)) return false;
    this.queue.stuck.delete(eventId);
    this.queue.sent.add(eventId);
    this.acks.sent(eventId);
    return true;
  }
}
