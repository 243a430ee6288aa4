import { Buffer } from 'node:buffer';
import type { Mutation, TransactionStep } from '../transactions/transactions.ts';

/** How many writes may be sent and not answered. */
const MAX_WRITES = 1_000;
/** How many bytes of steps those may have; a write that is larger than this is sent by itself. */
const MAX_BYTES = 4 * 1_024 * 1_024;

/** What an {@link Outbox} needs to know and to do. */
export interface OutboxEvents {
  /** The write of this id, while it waits for the server. */
  waiting(eventId: string): Mutation | undefined;
  /** Whether what comes after this write depends on the answer, so that it must not be sent before. */
  isAwaited(mutation: Mutation): boolean;
  /** Whether more may be sent; `proceed` is called when that may have become true. */
  maySend(): boolean;
  /** Sends a write over the present connection. Whether that took it. */
  send(eventId: string, mutation: Mutation): boolean;
}

/** A write that the server owes the answer of. */
interface Unanswered {
  /** As they were sent: what is pending may have been rewritten since. */
  steps: readonly TransactionStep[];
  bytes: number;
}

/**
 * Hands pending writes to the connection in their order, and so many at a time: what a server has not taken yet would
 * otherwise lie in memory as frames, all of it, and a write that is made now would wait for all of it to be serialized.
 */
export class Outbox {
  readonly #events: OutboxEvents;
  /** What will be sent, from `#at` on; nothing while there is no session. */
  #line: string[] = [];
  #at = 0;
  /** What will be sent before that. */
  #urgent: string[] = [];
  readonly #unanswered: Map<string, Unanswered> = new Map();
  #bytes = 0;
  /** The write whose answer is waited for. */
  #awaited: string | undefined;
  #isOpen = false;
  #isSending = false;

  constructor(events: OutboxEvents) {
    this.#events = events;
  }

  /** A session has begun: these writes are to be sent over it. */
  begin(eventIds: string[]): void {
    this.end();
    this.#isOpen = true;
    this.#line = eventIds;
    this.#send();
  }

  /** The session is over, and with it all that was to be sent or answered. */
  end(): void {
    this.#isOpen = false;
    this.#line = [];
    this.#urgent = [];
    this.#at = 0;
    this.#unanswered.clear();
    this.#bytes = 0;
    this.#awaited = undefined;
  }

  /** Puts a write behind all others. While there is no session nothing happens: `begin` is given all of them. */
  add(eventId: string): void {
    if (!this.#isOpen) return;
    this.#line.push(eventId);
    this.#send();
  }

  /** Has writes that were refused sent once more, before those that come after them. */
  again(eventIds: readonly string[]): void {
    if (!this.#isOpen) return;
    for (const eventId of eventIds) {
      this.#urgent.push(eventId);
      this.#forget(eventId);
    }
    this.#send();
  }

  /** The server has answered a write, or it was given up. */
  settled(eventId: string): void {
    this.#forget(eventId);
    this.#send();
  }

  /** More may be sent than before. */
  proceed(): void {
    this.#send();
  }

  /** The steps of a write as they were sent over the present connection, and not answered. */
  sentSteps(eventId: string): readonly TransactionStep[] | undefined {
    return this.#unanswered.get(eventId)?.steps;
  }

  /** What was sent over the present connection, and not answered. */
  unanswered(): string[] {
    return [...this.#unanswered.keys()];
  }

  #forget(eventId: string): void {
    this.#bytes -= this.#unanswered.get(eventId)?.bytes ?? 0;
    this.#unanswered.delete(eventId);
    if (this.#awaited === eventId) this.#awaited = undefined;
  }

  #send(): void {
    // What is sent may be refused by the connection at once, which ends the session and comes back here.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#isOpen && this.#awaited === undefined && this.#sendNext()) {}
    } finally {
      this.#isSending = false;
    }
  }

  /** Whether there may be more to send. */
  #sendNext(): boolean {
    const eventId = this.#urgent[0] ?? this.#line[this.#at];
    if (eventId === undefined) return false;
    const mutation = this.#events.waiting(eventId);
    if (!mutation || this.#unanswered.has(eventId)) {
      this.#shift();
      return true;
    }
    const steps = mutation['tx-steps'];
    const bytes = Buffer.byteLength(JSON.stringify(steps));
    if (!this.#hasRoomFor(bytes) || !this.#events.maySend()) return false;
    this.#shift();
    this.#unanswered.set(eventId, { steps, bytes });
    this.#bytes += bytes;
    if (this.#events.isAwaited(mutation)) this.#awaited = eventId;
    return this.#events.send(eventId, mutation);
  }

  #hasRoomFor(bytes: number): boolean {
    const { size } = this.#unanswered;
    return size === 0 || (size < MAX_WRITES && this.#bytes + bytes <= MAX_BYTES);
  }

  #shift(): void {
    if (this.#urgent.length > 0) this.#urgent.shift();
    else this.#at++;
    // Now and then, so that what was sent is let go of and each costs the same.
    if (this.#at < MAX_WRITES || this.#at * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#at);
    this.#at = 0;
  }
}
