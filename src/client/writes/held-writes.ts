import { holdsOthers } from '../transactions/stuck.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import { BehindStuck } from './behind-stuck.ts';
import type { FindAttr } from './write-reach.ts';

/**
 * What to do with a write whose turn it is: send it, send it with nothing else in flight, pass it over and come back to
 * it after all that waits now, or pass it over until it is looked at again.
 */
export type WhenItsTurn = 'send' | 'send-alone' | 'send-last' | 'hold';

/** What {@link HeldWrites} need to know and to do. */
export interface HeldWritesHost {
  readonly queue: WriteQueue;
  readonly attr: FindAttr;
  /** Finds out whether a write is longer than the server takes, and parks it then. Returns whether it did. */
  isTooLarge(eventId: string, mutation: Mutation): boolean;
  /** A write is not sent for now. */
  held(eventId: string): void;
}

/**
 * Decides, write by write and in their order, which of them a session sends: not what the connection does not survive,
 * which is only tried once, last and alone; nor what depends on such a write.
 */
export class HeldWrites {
  readonly #host: HeldWritesHost;
  readonly #reach: BehindStuck;
  /** What was passed over in this session, in order. */
  readonly #held: Set<string> = new Set();
  /** Stuck writes that this session is still to try. */
  readonly #untried: Set<string> = new Set();
  /** Those that it has tried, or is not to try. */
  readonly #tried: Set<string> = new Set();
  /** Those that ended the session in which they were tried. */
  readonly #resting: Set<string> = new Set();

  constructor(host: HeldWritesHost) {
    this.#host = host;
    this.#reach = new BehindStuck(host.attr);
  }

  /** A session has begun. */
  begin(): void {
    this.#forgetHeld();
    this.#untried.clear();
    this.#tried.clear();
    for (const eventId of this.#resting) this.#tried.add(eventId);
  }

  /**
   * A session has ended, while it tried the stuck write `tried` and maybe because of that. The next session does not try
   * that again: sessions would follow each other for ever, for nothing but its sake.
   */
  ended(tried: string | undefined): void {
    if (tried === undefined) this.#resting.clear();
    else this.#resting.add(tried);
  }

  /** What to do with a write that waits, whose turn it is. */
  whenItsTurn(eventId: string, mutation: Mutation): WhenItsTurn {
    const { queue, isTooLarge } = this.#host;
    if (this.#untried.has(eventId)) return 'send-alone';
    const before = this.#reach.of(mutation);
    if (!holdsOthers(queue.stuck.get(eventId))) {
      if (before === undefined && !isTooLarge(eventId, mutation)) {
        return queue.suspects.has(eventId) ? 'send-alone' : 'send';
      }
      if (before !== undefined) queue.stuck.delete(eventId);
    }
    this.#hold(eventId, mutation, before ?? eventId);
    // A stuck write that itself depends on another waits for that one.
    if (before !== undefined || queue.stuck.get(eventId)?.is !== 'parked' || this.#tried.has(eventId)) {
      return 'hold';
    }
    this.#untried.add(eventId);
    return 'send-last';
  }

  /** A write is to be tried now, whatever else. */
  tryNow(eventId: string): void {
    this.#untried.add(eventId);
  }

  /** A write was sent. */
  sent(eventId: string): void {
    if (this.#untried.delete(eventId)) this.#tried.add(eventId);
  }

  /**
   * A write was answered, or taken back. Returns, in order, those that were passed over and have to be looked at again
   * because of that.
   */
  settled(eventId: string): string[] {
    const { queue } = this.#host;
    if (!this.#held.has(eventId) || queue.behind.has(eventId) || holdsOthers(queue.stuck.get(eventId)))
      return [];
    // Refused for now, it is sent again in the next session and not in this.
    return this.lookAgain().filter((held) => held !== eventId);
  }

  /** What was passed over, which has to be looked at again. */
  lookAgain(): string[] {
    const held = [...this.#held];
    this.#forgetHeld();
    return held;
  }

  #hold(eventId: string, mutation: Mutation, stuck: string): void {
    const { queue, held } = this.#host;
    this.#held.add(eventId);
    this.#reach.add(mutation, stuck);
    if (!queue.stuck.has(eventId)) queue.behind.add(eventId);
    held(eventId);
  }

  #forgetHeld(): void {
    this.#held.clear();
    this.#reach.clear();
    this.#host.queue.behind.clear();
  }
}
