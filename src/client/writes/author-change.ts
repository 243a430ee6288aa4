import { refusalError } from '../refusals/server-refusal.ts';
import type { Persistence } from '../storage/persistence.ts';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { MutationError } from '../transactions/transactions.ts';
import type { QueueRoom } from './queue-room.ts';
import type { QueueView } from './queue-view.ts';
import type { RefusedWrites } from './refused-writes.ts';
import type { WritePromises } from './write-promises.ts';

/** Core's message. */
const USER_CHANGED = 'User changed while transaction was in progress.';

/** What {@link AuthorChange} needs to know and to do. */
export interface AuthorChangeHost {
  readonly persistence: Persistence;
  readonly view: QueueView;
  readonly promises: WritePromises;
  readonly refused: RefusedWrites;
  readonly room: QueueRoom;
  /** Rejects the promise of a write. */
  reject(eventId: string, error: MutationError): void;
}

/**
 * When an author leaves, keeps their writes until they are back. Core drops them, even those whose promise has
 * resolved.
 */
export class AuthorChange {
  readonly #host: AuthorChangeHost;

  constructor(host: AuthorChangeHost) {
    this.#host = host;
  }

  /**
   * Makes `user` the author from now on; `update` is core's part, which is done before it first waits. Never throws:
   * whatever else follows a change of user must follow it.
   */
  async change(user: unknown, update: () => Promise<void>): Promise<void> {
    const { persistence, view, refused, room } = this.#host;
    room.rejectAll(refusalError({ message: USER_CHANGED, type: 'user-changed' }));
    const left = [...persistence.queue].filter((write) => this.#isAcknowledged(write));
    view.update(() => persistence.setAside(left));
    persistence.setUser(user);
    const updated = update();
    for (const [eventId] of left) this.#endRetry(eventId);
    view.update(() => persistence.takeBack());
    refused.tellForeign(left.flatMap(([eventId]) => persistence.foreign.get(eventId) ?? []));
    await updated;
  }

  #isAcknowledged([eventId, mutation]: WriteEntry): boolean {
    if (mutation['tx-id'] !== undefined || mutation.error) return false;
    const waiting = this.#host.promises.get(eventId);
    return !waiting || waiting.isRetry === true;
  }

  /** A pending retry is rejected the way core rejects a pending write. */
  #endRetry(eventId: string): void {
    if (!this.#host.promises.has(eventId)) return;
    this.#host.reject(eventId, { message: USER_CHANGED, type: 'user-changed' });
  }
}
