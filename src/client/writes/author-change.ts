import type { Persistence } from '../storage/persistence.ts';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { MutationError } from '../transactions/transactions.ts';
import type { QueueView } from './queue-view.ts';
import type { RefusedWrites } from './refused-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** As core says it. */
const USER_CHANGED = 'User changed while transaction was in progress.';

/** What {@link AuthorChange} needs to know and to do. */
export interface AuthorChangeHost {
  readonly persistence: Persistence;
  readonly view: QueueView;
  readonly promises: WritePromises;
  readonly refused: RefusedWrites;
  /** Rejects the promise of a write. */
  reject(eventId: string, error: MutationError): void;
}

/** Keeps the writes of who leaves for when they are back. Core drops them, also those whose promise has resolved. */
export class AuthorChange {
  readonly #host: AuthorChangeHost;

  constructor(host: AuthorChangeHost) {
    this.#host = host;
  }

  /** Has `user` write from now on; `update` is core's part, which it has done before it first waits. */
  change(user: unknown, update: () => Promise<void>): Promise<void> {
    const { persistence, view, refused } = this.#host;
    const left = [...persistence.queue].filter((write) => this.#isAcknowledged(write));
    view.update(() => persistence.setAside(left));
    persistence.setUser(user);
    const updated = update();
    for (const [eventId] of left) this.#endRetry(eventId);
    view.update(() => persistence.takeBack());
    refused.tellForeign(left.flatMap(([eventId]) => persistence.foreign.get(eventId) ?? []));
    return updated;
  }

  #isAcknowledged([eventId, mutation]: WriteEntry): boolean {
    if (mutation['tx-id'] !== undefined || mutation.error) return false;
    const waiting = this.#host.promises.get(eventId);
    return !waiting || waiting.isRetry === true;
  }

  /** Who waits for a retry is told what core tells those who wait for a write. */
  #endRetry(eventId: string): void {
    if (!this.#host.promises.has(eventId)) return;
    this.#host.reject(eventId, { message: USER_CHANGED, type: 'user-changed' });
  }
}
