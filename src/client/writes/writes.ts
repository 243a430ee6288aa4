import type { SessionEnd } from '../connection/session-end.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { AttrsStore } from '../engine/store.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Persistence } from '../storage/persistence.ts';
import type { Timers } from '../timing/timers.ts';
import type { Mutation } from '../transactions/transactions.ts';
import { AckWatch } from './ack-watch.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { AuthorChange } from './author-change.ts';
import { type Confirmation, Confirmations, type ConfirmationsHost } from './confirmations.ts';
import { Delivery } from './delivery.ts';
import { HeldWrites } from './held-writes.ts';
import { MessageLimit } from './message-limit.ts';
import { NewWrites } from './new-writes.ts';
import { PendingTransactions, type WriteSession } from './pending-transactions.ts';
import { type QueueLimits, QueueRoom } from './queue-room.ts';
import { QueueView } from './queue-view.ts';
import { RefusedWrites, type RefusedWritesHost } from './refused-writes.ts';
import { RemadeWrites, type RemadeWritesHost } from './remade-writes.ts';
import { Sender, type SenderHost } from './sender.ts';
import { ServerAttrs } from './server-attrs.ts';
import { Suspects } from './suspects.ts';
import { type TakingBackHost, takingBack } from './taken-back.ts';
import { TracedWrites } from './traced-writes.ts';
import { Undelivered } from './undelivered.ts';
import type { WritePromises } from './write-promises.ts';
import type { FindAttr } from './write-reach.ts';

/** What writes need from core and from the session. */
export interface WritesHost
  extends Pick<ConfirmationsHost, 'inFlight' | 'learnAttrs' | 'seenByAll' | 'patienceMs'>,
    Pick<RefusedWritesHost, 'coreRefuses' | 'coreFinishes'>,
    Pick<RemadeWritesHost, 'make' | 'divert'>,
    Pick<SenderHost, 'knowsAttr' | 'send' | 'renewSession'>,
    Pick<TakingBackHost, 'tellSubscribers'> {
  readonly persistence: Persistence;
  readonly timers: Timers;
  readonly reports: Reports;
  readonly diagnostics: Diagnostics;
  /** Whether a promise resolves as `enqueued` only once the write is in the storage. */
  readonly isStrict: boolean;
  readonly promises: WritePromises;
  /** Bounds, of which the last is undefined where nothing is known. */
  readonly limits: QueueLimits & { readonly maxMessageBytes: number | undefined };
  readonly attr: FindAttr;
  readonly session: WriteSession & { isClosed(): boolean; isShutdown(): boolean };
  /** Throws while no attributes are known. */
  attrs(): AttrsStore;
  /** The queue has changed, and core caches what it derived from an earlier one. */
  queueChanged(): void;
  /** Core's own way to send, which refuses a write that has an error. */
  coreSends(eventId: string, mutation: Mutation): void;
  /** Notifies live queries. */
  notifyAll(): void;
  connectNow(): void;
  /** Whether writes wait for another session, which is about to begin. */
  isMoving(): boolean;
  /** The server owes an answer and has been silent for `ms`: whether it is still there should be found out now. */
  suspectSilence(ms: number): void;
}

/** The writes of a database: the parts that handle them, and how those are connected. */
export class Writes {
  readonly view: QueueView;
  readonly serverAttrs: ServerAttrs;
  readonly confirmations: Confirmations;
  readonly acks: AckWatch;
  readonly sender: Sender;
  readonly refused: RefusedWrites;
  readonly remade: RemadeWrites;
  readonly made: NewWrites;
  readonly pending: PendingTransactions;
  readonly undelivered: Undelivered;
  readonly delivery: Delivery;
  readonly authors: AuthorChange;
  readonly #traced: TracedWrites;
  readonly room: QueueRoom;
  readonly #limit: MessageLimit;
  readonly #held: HeldWrites;
  readonly #suspects: Suspects;
  readonly #acknowledgements: Acknowledgements;
  readonly #host: WritesHost;

  // Long because it is a list: each part with what it gets from those above.
  constructor(host: WritesHost) {
    const { diagnostics, persistence, promises, inFlight, session } = host;
    const { queue, journal } = persistence;
    this.#host = host;
    this.#traced = new TracedWrites(diagnostics);
    const resolve = (eventId: string): void => this.refused.finish('enqueued', eventId);
    const enqueued = (eventId: string): void => this.#acknowledgements.enqueued(eventId);
    this.view = new QueueView(queue, () => {
      host.queueChanged();
      this.delivery.changed();
      this.room.changed();
    });
    this.room = new QueueRoom(queue, host.limits, (chunks) => this.push(chunks));
    this.#limit = new MessageLimit(host.limits.maxMessageBytes);
    this.delivery = new Delivery(queue, () => this.#mayDeliver());
    this.serverAttrs = new ServerAttrs(this.view, () => host.attrs());
    this.acks = new AckWatch(host.timers, {
      overdue: (eventId) => this.sender.overdue(eventId),
      suspectSilence: (ms) => host.suspectSilence(ms),
    });
    this.refused = new RefusedWrites({
      ...{ diagnostics, queue, promises, inFlight, acks: this.acks, logger: host.reports.logger },
      coreRefuses: host.coreRefuses,
      coreFinishes: host.coreFinishes,
      changed: () => this.delivery.changed(),
    });
    this.confirmations = new Confirmations(this.view, this.serverAttrs, host.timers, {
      ...{ diagnostics, inFlight },
      learnAttrs: host.learnAttrs,
      synced: (eventId) => this.refused.finish('synced', eventId),
      forgetSeen: () => this.confirmations.forgetSeen(),
      seenByAll: host.seenByAll,
      patienceMs: host.patienceMs,
    });
    this.#suspects = new Suspects({
      ...{ queue, limit: this.#limit },
      unanswered: () => this.sender.outbox.unanswered(),
      parked: (eventId) => {
        this.acks.settled(eventId);
        enqueued(eventId);
        this.delivery.changed();
      },
      tell: (error) => this.refused.tell(error),
      withoutSecrets: (text) => host.reports.withoutSecrets(text),
    });
    this.#held = new HeldWrites({
      ...{ queue, attr: host.attr },
      isTooLarge: (eventId, mutation) => this.#suspects.parkTooLarge(eventId, mutation),
      held: (eventId) => {
        enqueued(eventId);
        this.delivery.changed();
      },
    });
    this.sender = new Sender({
      ...{ diagnostics, queue, promises, inFlight, acks: this.acks, serverAttrs: this.serverAttrs, enqueued },
      ...{ queue, promises, inFlight, acks: this.acks, serverAttrs: this.serverAttrs, enqueued },
      held: this.#held,
      allEnqueued: (eventIds) => this.#acknowledgements.allEnqueued(eventIds),
      answered: (eventId) => this.#answered(eventId),
      isReady: () => session.isAccepted() && session.isOnline(),
      maySend: () => !journal?.isBehind && !host.isMoving(),
      isMoving: () => host.isMoving(),
      attrs: host.attrs,
      knowsAttr: host.knowsAttr,
      send: host.send,
      refuse: (refusal) => this.refused.refuse(refusal),
      renewSession: host.renewSession,
    });
    const { outbox } = this.sender;
    const takeBack = takingBack({
      ...{ diagnostics, view: this.view, acks: this.acks, outbox, promises, inFlight },
      tellSubscribers: host.tellSubscribers,
      withoutSecrets: (reason) => host.reports.withoutSecrets(reason),
    });
    this.#acknowledgements = new Acknowledgements({
      ...{ queue, promises, journal, takeBack, resolve },
      isStrict: host.isStrict && persistence.durable,
      isLost: () => session.failure() !== undefined,
      isShutdown: session.isShutdown,
    });
    this.pending = new PendingTransactions({
      ...{ persistence, promises, inFlight, session, takeBack, enqueued },
      ...{ sender: this.sender, attr: host.attr },
      connectNow: host.connectNow,
    });
    this.undelivered = new Undelivered({
      ...{ persistence, view: this.view, acks: this.acks, promises, refused: this.refused, resolve },
      ...{ room: this.room, pending: this.pending },
      acknowledgements: this.#acknowledgements,
    });
    this.authors = new AuthorChange({
      ...{ persistence, view: this.view, promises, refused: this.refused, room: this.room },
      reject: (eventId, error) => this.refused.finish('error', eventId, error),
    });
    this.remade = new RemadeWrites({
      isLoaded: () => persistence.isLoaded,
      make: host.make,
      divert: host.divert,
      refuse: (eventId, mutation) => this.take(eventId, mutation),
    });
    this.made = new NewWrites({
      ...{ view: this.view, promises, limit: this.#limit, room: this.room },
      refusal: () => this.#whyNotMade(),
      made: (eventId) => {
        this.#traced.made(eventId);
        this.remade.made(eventId);
      },
      take: (eventId, mutation) => this.take(eventId, mutation),
      notify: host.notifyAll,
    });
    this.#followStorage();
  }

  /** Whether pending writes outlive the process. */
  get isDurable(): boolean {
    return this.#host.persistence.durable;
  }

  /** Makes a write from changes. */
  push(chunks: unknown): Promise<unknown> {
    const { persistence, make } = this.#host;
    const made = (): Promise<unknown> => (persistence.journal ? this.remade.push(chunks) : make(chunks));
    return this.#traced.push(chunks, () => this.room.making(chunks, made));
  }

  /** A session has begun. `flush` is core's part, which is shown no writes: it would send all of them at once. */
  begin(flush: () => void): void {
    this.sender.begin(() => this.view.during(new Map(), flush));
  }

  /**
   * A connection has ended. Call this before the session is told to be over. Returns whether that is put down to a
   * write.
   */
  ended(end: SessionEnd): boolean {
    const { blamed, tried } = this.#suspects.ended(end);
    this.#held.ended(tried);
    return blamed;
  }

  /** Sends a write in its turn, or refuses it if it has an error. */
  take(eventId: string, mutation: Mutation): void {
    if (mutation.error) this.#host.coreSends(eventId, mutation);
    else this.sender.take(eventId);
  }

  /** The server has confirmed a write. */
  confirm(confirmation: Confirmation): void {
    this.acks.answered();
    this.#answered(confirmation['client-event-id']);
    this.confirmations.confirm(confirmation);
    this.sender.confirmed(confirmation['client-event-id']);
  }

  /** The server has answered a write, and so takes messages of its length. */
  #answered(eventId: string): void {
    const { queue } = this.view;
    const mutation = queue.get(eventId);
    if (!mutation || mutation.error || !this.#limit.answered(eventId, mutation)) return;
    for (const [other, { is }] of queue.stuck) if (is === 'too-large') queue.stuck.delete(other);
    this.sender.outbox.lookAgain(this.#held.lookAgain());
  }

  #followStorage(): void {
    const { persistence } = this.#host;
    if (!persistence.journal) return;
    persistence.journal.onOutcome = () => this.sender.outbox.proceed();
    persistence.remake = (eventId, mutation) => this.remade.remade(eventId, mutation);
    void persistence.loaded.then(() => this.remade.clear());
  }

  #mayDeliver(): boolean {
    const { persistence, session } = this.#host;
    if (!session.isOnline() || session.refusal()) return false;
    return !session.isClosed() || !persistence.durable;
  }

  #whyNotMade(): ReturnType<WriteSession['refusal']> {
    const { persistence, session } = this.#host;
    return session.failure() ?? (persistence.durable ? undefined : session.refusal());
  }
}
