import { type Loop, Turn } from '../timing/turn.ts';
import { bytesOf } from '../transactions/step-bytes.ts';
import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import type { WhenItsTurn } from './held-writes.ts';

/** How many writes may be in flight. */
const MAX_WRITES = 1_000;
/** How many bytes of steps those may have; a write that is larger is sent by itself. */
const MAX_BYTES = 4 * 1_024 * 1_024;

/** What an {@link Outbox} needs to know and to do. */
export interface OutboxEvents {
  /** The write of this id, while it waits for the server. */
  waiting(eventId: string): Mutation | undefined;
  /** What to do with a write whose turn it is. May be asked again before it is sent. */
  whenItsTurn(eventId: string, mutation: Mutation): WhenItsTurn;
  /** A write was answered, or taken back. Returns those that were passed over and have their turn now. */
  settled(eventId: string): readonly string[];
  /** Whether later writes depend on the answer to this one, and so must not be sent before it. */
  isAwaited(mutation: Mutation): boolean;
  /** Whether more may be sent; `proceed` is called when that may have become true. */
  maySend(): boolean;
  /** Sends a write over the current connection. Returns whether that accepted it. */
  send(eventId: string, mutation: Mutation): boolean;
}

/** A write in flight. */
interface Unanswered {
  /** As they were sent: the pending write may have been rewritten since. */
  steps: readonly TransactionStep[];
  bytes: number;
}

/**
 * Hands pending writes to the connection in order, a limited number at a time. Otherwise everything that the server has
 * not taken yet would be in memory as frames, and a new write would wait for all of it to be serialized. After a while of
 * that, the event loop gets its turn, and no write overtakes those that wait for the next.
 */
export class Outbox {
  readonly #events: OutboxEvents;
  /** What to send, from `#at` on; empty while there is no session. */
  #line: string[] = [];
  #at = 0;
  /** What to send before that. */
  #urgent: string[] = [];
  readonly #unanswered: Map<string, Unanswered> = new Map();
  #bytes = 0;
  /** The write whose answer later ones wait for. */
  #awaited: string | undefined;
  #isOpen = false;
  #isSending = false;
  readonly #turn: Turn;

  constructor(events: OutboxEvents, loop?: Loop) {
    this.#events = events;
    this.#turn = new Turn(() => this.#send(), loop);
  }

  /** A session has begun: sends these writes over it. */
  begin(eventIds: string[]): void {
    this.end();
    this.#isOpen = true;
    this.#line = eventIds;
    this.#send();
  }

  /** The session is over: nothing is left to send, and nothing is in flight. */
  end(): void {
    this.#isOpen = false;
    this.#line = [];
    this.#urgent = [];
    this.#at = 0;
    this.#unanswered.clear();
    this.#bytes = 0;
    this.#awaited = undefined;
  }

  /** Puts a write behind all others. Does nothing without a session: `begin` gets all of them. */
  add(eventId: string): void {
    if (!this.#isOpen) return;
    this.#line.push(eventId);
    this.#send();
  }

  /** Sends refused writes once more, before those that come after them. */
  again(eventIds: readonly string[]): void {
    if (!this.#isOpen) return;
    for (const eventId of eventIds) {
      this.#urgent.push(eventId);
      this.#forget(eventId);
    }
    this.#send();
  }

  /** The server has answered a write, or it was taken back. */
  settled(eventId: string): void {
    this.#forget(eventId);
    this.lookAgain(this.#events.settled(eventId));
    this.#send();
  }

  /** Gives writes that were passed over their turn, before all that come after them. */
  lookAgain(eventIds: readonly string[]): void {
    if (!this.#isOpen || eventIds.length === 0) return;
    this.#line = [...eventIds, ...this.#line.slice(this.#at)];
    this.#at = 0;
    this.#send();
  }

  /** Others need not wait for the answer to a write any longer. */
  hurry(eventId: string): void {
    if (this.#awaited !== eventId) return;
    this.#awaited = undefined;
    this.#send();
  }

  /** More may be sent than before. */
  proceed(): void {
    this.#send();
  }

  /** The steps of a write in flight, as they were sent. */
  sentSteps(eventId: string): readonly TransactionStep[] | undefined {
    return this.#unanswered.get(eventId)?.steps;
  }

  /** The writes in flight, oldest first. */
  unanswered(): string[] {
    return [...this.#unanswered.keys()];
  }

  #forget(eventId: string): void {
    this.#bytes -= this.#unanswered.get(eventId)?.bytes ?? 0;
    this.#unanswered.delete(eventId);
    if (this.#awaited === eventId) this.#awaited = undefined;
  }

  #send(): void {
    // The connection may refuse a write at once, which ends the session and comes back here.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#isOpen && this.#awaited === undefined && !this.#turn.isOver() && this.#sendNext()) {}
    } finally {
      this.#isSending = false;
    }
  }

  /** Sends the next write if it may be sent. Returns whether there may be more. */
  #sendNext(): boolean {
    const eventId = this.#urgent[0] ?? this.#line[this.#at];
    if (eventId === undefined) return false;
    const mutation = this.#events.waiting(eventId);
    if (!mutation || this.#unanswered.has(eventId)) {
      this.#shift();
      return true;
    }
    const what = this.#events.whenItsTurn(eventId, mutation);
    if (what === 'hold' || what === 'send-last') {
      this.#shift();
      if (what === 'send-last') this.#line.push(eventId);
      return true;
    }
    const isAlone = what === 'send-alone';
    const steps = mutation['tx-steps'];
    const bytes = bytesOf(mutation);
    if (!this.#hasRoomFor(bytes, isAlone) || !this.#events.maySend()) return false;
    this.#shift();
    this.#unanswered.set(eventId, { steps, bytes });
    this.#bytes += bytes;
    if (isAlone || this.#events.isAwaited(mutation)) this.#awaited = eventId;
    return this.#events.send(eventId, mutation);
  }

  #hasRoomFor(bytes: number, isAlone: boolean): boolean {
    const { size } = this.#unanswered;
    return size === 0 || (!isAlone && size < MAX_WRITES && this.#bytes + bytes <= MAX_BYTES);
  }

  #shift(): void {
    if (this.#urgent.length > 0) this.#urgent.shift();
    else this.#at++;
    // Only now and then, so that sent writes are released and each costs the same.
    if (this.#at < MAX_WRITES || this.#at * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#at);
    this.#at = 0;
  }
}
