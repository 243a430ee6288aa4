import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Timer, Timers } from '../timing/timers.ts';
import type { QueueView } from './queue-view.ts';
import type { ServerAttrs } from './server-attrs.ts';
import { tellWrite } from './told-writes.ts';

/** The server's confirmation of a write that it has committed. */
export interface Confirmation {
  'client-event-id': string;
  'tx-id': number;
}

/** What {@link Confirmations} need to know and to do. */
export interface ConfirmationsHost {
  readonly diagnostics: Diagnostics;
  /** Writes that were sent over the current connection and not answered. */
  readonly inFlight: Set<string>;
  /** Adds to the known attributes. */
  learnAttrs(attrs: readonly { id: string }[]): void;
  /** Settles the promise of a write. */
  synced(eventId: string): void;
  /** Forgets writes that every query has in its answer. */
  forgetSeen(): void;
  /** The last transaction that the answers of all queries in use include; 0 while one has no answer. */
  seenByAll(): number;
  /** After how long a write counts as seen although some query does not have it in its answer. */
  patienceMs(): number;
}

/** Keeps the writes that the server has confirmed until every query has them in its answer. */
export class Confirmations {
  readonly #view: QueueView;
  readonly #attrs: ServerAttrs;
  readonly #timers: Timers;
  readonly #host: ConfirmationsHost;
  /** Runs while a write is confirmed but not forgotten. */
  #forgetting: Timer | undefined;

  constructor(view: QueueView, attrs: ServerAttrs, timers: Timers, host: ConfirmationsHost) {
    this.#view = view;
    this.#attrs = attrs;
    this.#timers = timers;
    this.#host = host;
  }

  /** Does what core does, without searching all pending writes for the one that was answered. */
  confirm({ 'client-event-id': eventId, 'tx-id': txId }: Confirmation): void {
    const host = this.#host;
    host.inFlight.delete(eventId);
    const mutation = this.#view.queue.get(eventId);
    if (!mutation) return;
    this.#view.update((queue) => {
      queue.set(eventId, { ...mutation, 'tx-id': txId, confirmed: performance.now() });
    });
    tellWrite(host.diagnostics, 'confirmed', [eventId, mutation], { txId });
    const added = this.#attrs.addedBy(mutation);
    if (added.length > 0) host.learnAttrs(added);
    host.synced(eventId);
    host.forgetSeen();
    if (this.#isAnyLeft) this.#forgetInTime();
  }

  /** Forgets the writes that every query has in its answer. */
  forgetSeen(): void {
    this.#view.reveal();
    if (!this.#isAnyLeft) return;
    const seen = this.#host.seenByAll();
    this.#view.update((queue) => queue.forgetConfirmed((mutation) => (mutation['tx-id'] ?? 0) <= seen));
  }

  get #isAnyLeft(): boolean {
    const { queue } = this.#view;
    return queue.size > queue.waiting;
  }

  /** A query that a write does not concern never shows that it has seen it; after a while that is taken for granted. */
  #forgetInTime(): void {
    this.#forgetting ??= this.#timers.after(this.#host.patienceMs(), () => {
      this.#forgetting = undefined;
      const before = performance.now() - this.#host.patienceMs();
      this.#view.update((queue) => queue.forgetConfirmed(({ confirmed = 0 }) => confirmed <= before));
      if (this.#isAnyLeft) this.#forgetInTime();
    });
  }
}
