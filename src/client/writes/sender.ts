import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import type { AckWatch } from './ack-watch.ts';
import { AttrConflicts, type AttrConflictsHost } from './attr-conflicts.ts';
import type { HeldWrites } from './held-writes.ts';
import { Outbox } from './outbox.ts';
import type { WriteRefusal } from './refused-writes.ts';
import { addedBy } from './taken-attrs.ts';
import { tellWrite } from './told-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** What a {@link Sender} needs to know and to do. */
export interface SenderHost extends Omit<AttrConflictsHost, 'outbox' | 'waiting'> {
  readonly diagnostics: Diagnostics;
  readonly queue: WriteQueue;
  readonly acks: AckWatch;
  readonly promises: WritePromises;
  readonly held: HeldWrites;
  /** Whether there is a session that accepts writes. */
  isReady(): boolean;
  /** Whether more may be sent; `outbox.proceed` is called when that may have become true. */
  maySend(): boolean;
  /** Whether writes wait for another session, which is about to begin. */
  isMoving(): boolean;
  /** Whether the server has sent an attribute. */
  knowsAttr(id: string): boolean;
  /** Sends a write over the connection, if that is open, and then notes it as in flight. */
  send(eventId: string, mutation: Mutation): void;
  /** Makes the promise of a write stop waiting for the server. */
  enqueued(eventId: string): void;
  /** The same for many. */
  allEnqueued(eventIds: readonly string[]): void;
  /** The server has answered a write, whatever it said. */
  answered(eventId: string): void;
}

/**
 * Sends writes in order, a window of them at a time.
 *
 * Core starts a timer for each write and, after six seconds, undoes one that the server may have committed. It also
 * sorts and sends all it has at once, however much.
 */
export class Sender {
  readonly outbox: Outbox;
  readonly #host: SenderHost;
  readonly #conflicts: AttrConflicts;

  constructor(host: SenderHost) {
    this.#host = host;
    const waiting = (eventId: string): Mutation | undefined => this.#waiting(eventId);
    this.outbox = new Outbox({
      waiting,
      whenItsTurn: (eventId, mutation) => host.held.whenItsTurn(eventId, mutation),
      settled: (eventId) => host.held.settled(eventId),
      isAwaited: (mutation) => this.#addsUnknown(mutation),
      // A write that is delivered before the storage has forgotten it is delivered twice if the process is killed.
      maySend: () => host.maySend(),
      send: (eventId, mutation) => this.#send(eventId, mutation),
    });
    this.#conflicts = new AttrConflicts({ ...host, outbox: this.outbox, waiting });
  }

  /** Takes a write that is in the queue. */
  take(eventId: string): void {
    if (this.#host.isReady()) this.outbox.add(eventId);
    else if (!this.#host.isMoving()) this.#host.enqueued(eventId);
  }

  /** A session has begun and has sent the attributes. Waiting writes are sent after `flush`, once they have these. */
  begin(flush: () => void): void {
    const { held, queue, serverAttrs } = this.#host;
    this.#conflicts.learn();
    held.begin();
    flush();
    serverAttrs.takeAll(() => this.outbox.begin([...queue.keys()]));
  }

  /** Sends the writes once more that the server refused for now. */
  retryRefused(): void {
    const refused = [...this.#host.queue.stuck].filter(([, { is }]) => is === 'refused');
    this.outbox.again(refused.map(([eventId]) => eventId));
  }

  /** Sends a write that the connection did not survive once more, now. */
  tryNow(eventId: string): void {
    if (this.outbox.sentSteps(eventId)) return;
    this.#host.held.tryNow(eventId);
    this.outbox.again([eventId]);
  }

  /** The server takes long over a write. Of one that is merely tried, nobody waits for the answer any longer. */
  overdue(eventId: string): void {
    this.#host.enqueued(eventId);
    if (this.#host.queue.stuck.has(eventId)) this.outbox.hurry(eventId);
  }

  /** The session is over. */
  end(): void {
    const { acks, promises } = this.#host;
    for (const eventId of this.outbox.unanswered()) if (!promises.has(eventId)) acks.settled(eventId);
    this.outbox.end();
    this.#host.serverAttrs.stop();
    if (this.#conflicts.isRenewing) return;
    // Promises of sent writes wait a while longer, since the answer may come with the next session.
    this.#host.allEnqueued([...promises.keys()].filter((eventId) => !acks.isWatching(eventId)));
  }

  /** The server has confirmed a write. */
  confirmed(eventId: string): void {
    this.#conflicts.forget(eventId);
    this.#host.acks.settled(eventId);
    this.outbox.settled(eventId);
  }

  /** The server has refused a write, or something else. */
  refused(refusal: WriteRefusal): void {
    this.#host.answered(refusal['client-event-id'] ?? '');
    if (this.#conflicts.resolves(refusal)) return;
    this.#host.refuse(refusal);
    this.outbox.settled(refusal['client-event-id'] ?? '');
  }

  #waiting(eventId: string): Mutation | undefined {
    const mutation = this.#host.queue.get(eventId);
    return mutation && mutation['tx-id'] === undefined && !mutation.error ? mutation : undefined;
  }

  /**
   * Whether a write adds attributes that the server may not have. Until it has them, later writes must wait: were this
   * one refused and sent again, they would come before it.
   */
  #addsUnknown(mutation: Mutation): boolean {
    return addedBy(mutation['tx-steps']).some(({ id }) => !this.#host.knowsAttr(id));
  }

  #send(eventId: string, mutation: Mutation): boolean {
    const { queue, acks, inFlight, held } = this.#host;
    this.#host.send(eventId, mutation);
    if (!inFlight.has(eventId)) return false;
    if (queue.stuck.get(eventId)?.is === 'refused') queue.stuck.delete(eventId);
    held.sent(eventId);
    queue.sent.add(eventId);
    acks.sent(eventId);
    tellWrite(this.#host.diagnostics, 'sent', [eventId, mutation]);
    return true;
  }
}
