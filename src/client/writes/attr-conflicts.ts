import type { Attr, AttrsStore } from '../engine/store.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import type { Outbox } from './outbox.ts';
import type { WriteRefusal } from './refused-writes.ts';
import type { ServerAttrs } from './server-attrs.ts';
import { addedBy, differs, holderOf, takenAttrs, withBothNamed } from './taken-attrs.ts';

/** A refusal because the server already has attributes, and the attributes it is about. */
interface Conflict {
  refusal: WriteRefusal;
  taken: readonly Attr[];
}

/** What {@link AttrConflicts} need to know and to do. */
export interface AttrConflictsHost {
  readonly queue: WriteQueue;
  readonly outbox: Outbox;
  readonly serverAttrs: ServerAttrs;
  /** Writes that were sent over the current connection and not answered. */
  readonly inFlight: Set<string>;
  /** Throws while no attributes are known. */
  attrs(): AttrsStore;
  /** The write of this id, while it waits for the server. */
  waiting(eventId: string): Mutation | undefined;
  refuse(refusal: WriteRefusal): void;
  /** Ends the session and begins another, which gets all attributes again. */
  renewSession(): void;
}

/**
 * Handles writes that were refused for attributes which the server already has. Core takes every refusal for final, but
 * of several clients that create one attribute at the same time, all but one are refused. Such a write is sent again
 * with the server's attributes.
 */
export class AttrConflicts {
  readonly #host: AttrConflictsHost;
  /** By write, the attributes it was refused for and sent again, once each. */
  readonly #seen: Map<string, Set<string>> = new Map();
  /** The conflict for which the next session should bring the attributes. */
  #unlearnt: Conflict | undefined;
  #isRenewing = false;

  constructor(host: AttrConflictsHost) {
    this.#host = host;
  }

  /** Whether the session is being renewed for a conflict. */
  get isRenewing(): boolean {
    return this.#isRenewing;
  }

  /**
   * Handles the refusal of a write if it can: the write is sent again, or refused with a fuller message. Returns
   * whether it did.
   */
  resolves(refusal: WriteRefusal): boolean {
    const { queue, outbox } = this.#host;
    const eventId = refusal['client-event-id'] ?? '';
    const steps = queue.has(eventId) ? outbox.sentSteps(eventId) : undefined;
    const taken = steps ? takenAttrs(refusal, steps) : [];
    if (!this.#isNew(eventId, taken)) {
      this.forget(eventId);
      return false;
    }
    this.#sendAgain(eventId, { refusal, taken });
    return true;
  }

  /** A session has sent the attributes. */
  learn(): void {
    const conflict = this.#unlearnt;
    this.#unlearnt = undefined;
    if (conflict) this.#refuseWhatDiffers(conflict);
  }

  /** Forgets a write that was answered. */
  forget(eventId: string): void {
    this.#seen.delete(eventId);
  }

  /** Whether a write has not been sent again for these attributes yet. */
  #isNew(eventId: string, taken: readonly Attr[]): boolean {
    const seen = this.#seen.get(eventId) ?? new Set();
    const before = seen.size;
    seen.add(taken.map(({ id }) => id).join());
    this.#seen.set(eventId, seen);
    return taken.length > 0 && seen.size > before;
  }

  #sendAgain(eventId: string, conflict: Conflict): void {
    const { outbox, serverAttrs, inFlight } = this.#host;
    const attrs = this.#host.attrs();
    if (this.#refuseWhatDiffers(conflict)) return;
    inFlight.delete(eventId);
    if (conflict.taken.some((added) => holderOf(attrs, added))) {
      serverAttrs.take();
      outbox.again([eventId]);
      return;
    }
    this.#unlearnt = conflict;
    this.#isRenewing = true;
    this.#host.renewSession();
    this.#isRenewing = false;
  }

  /**
   * Refuses the write, and all unsent ones that add the same attribute, when the server's cannot take its place.
   * Returns whether it did.
   */
  #refuseWhatDiffers({ refusal, taken }: Conflict): boolean {
    const { queue, outbox } = this.#host;
    const attrs = this.#host.attrs();
    for (const added of taken) {
      const holder = holderOf(attrs, added);
      if (!holder || !differs(added, holder)) continue;
      const named = withBothNamed(refusal, added, holder);
      const refused = refusal['client-event-id'] ?? '';
      // The server refuses those that were sent.
      const others = [...queue.keys()].filter((eventId) => this.#isUnsentAnd(eventId, added));
      for (const eventId of new Set([refused, ...others])) {
        this.forget(eventId);
        this.#host.refuse({ ...named, 'client-event-id': eventId });
        outbox.settled(eventId);
      }
      return true;
    }
    return false;
  }

  #isUnsentAnd(eventId: string, added: Attr): boolean {
    const { outbox, waiting } = this.#host;
    const steps = outbox.sentSteps(eventId) ? undefined : waiting(eventId)?.['tx-steps'];
    return addedBy(steps ?? []).some(({ id }) => id === added.id);
  }
}
