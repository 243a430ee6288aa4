import type { SessionEnd } from '../connection/session-end.ts';
import { type Stuck, whyStuck } from '../transactions/stuck.ts';
import type { ConnectionEnd, Mutation, TransactionError } from '../transactions/transactions.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import { type MessageLimit, messageBytes } from './message-limit.ts';

/**
 * Close codes that blame what was sent: a protocol error, data that does not fit its type, a violated policy, a message
 * that is too long, an error of the server. Others say that the server goes away, is busy, or nothing.
 */
const BLAMING: ReadonlySet<number> = new Set([1002, 1007, 1008, 1009, 1011]);
const TOO_LONG = 1009;

/** What {@link Suspects} need to know and to do. */
export interface SuspectsHost {
  readonly queue: WriteQueue;
  readonly limit: MessageLimit;
  /** The writes in flight, oldest first. */
  unanswered(): readonly string[];
  /** Nothing waits for the server any more on account of this write: neither its promise nor `close()`. */
  parked(eventId: string): void;
  /** Reports a write to subscribers, or else to the log. */
  tell(error: TransactionError): void;
  withoutSecrets(text: string): string;
}

/**
 * Finds the writes that the connection does not survive. One end says little: it may be the server's own fault, or of
 * something else that was sent. So the write that was to be answered first is sent once more, with nothing else in
 * flight, and is parked when that ends in the same way.
 */
export class Suspects {
  readonly #host: SuspectsHost;

  constructor(host: SuspectsHost) {
    this.#host = host;
  }

  /**
   * A connection has ended. Returns whether a write is blamed for that, and the stuck write that was being tried, if it
   * is that one.
   */
  ended({ code, reason, isOurs }: SessionEnd): { blamed: boolean; tried: string | undefined } {
    const { queue } = this.#host;
    const [eventId] = this.#host.unanswered();
    const mutation = eventId === undefined ? undefined : queue.get(eventId);
    if (eventId === undefined || !mutation || isOurs || !BLAMING.has(code)) {
      return { blamed: false, tried: undefined };
    }
    const end = { code, reason: this.#host.withoutSecrets(reason) };
    const isStuck = queue.stuck.has(eventId);
    if (isStuck || queue.suspects.has(eventId)) this.#blame(eventId, mutation, end);
    else queue.suspects.add(eventId);
    return { blamed: true, tried: isStuck ? eventId : undefined };
  }

  /** Parks a write without sending it, if it is longer than the server takes. Returns whether it did. */
  parkTooLarge(eventId: string, mutation: Mutation): boolean {
    const why = this.#host.limit.why(eventId, mutation);
    if (!why) return false;
    this.#park(eventId, { is: 'too-large', message: why.message });
    this.#tell(eventId, mutation, { message: why.message, hint: why.hint });
    return true;
  }

  #blame(eventId: string, mutation: Mutation, end: ConnectionEnd): void {
    const { queue, limit, unanswered } = this.#host;
    // Not by the write alone: others that are in flight beside it may be longer.
    if (end.code === TOO_LONG && unanswered().length === 1) limit.refused(messageBytes(eventId, mutation));
    const wasParked = queue.stuck.has(eventId);
    this.#park(eventId, { is: 'parked', end });
    if (wasParked) return;
    const message = `${whyStuck({ is: 'parked', end })}; it is kept, and tried again in later sessions`;
    const hint = `${end.code === TOO_LONG ? 'Split it into smaller transactions; ' : ''}discardTransaction() gives it up`;
    this.#tell(eventId, mutation, { message, hint, connectionEnd: end });
  }

  #park(eventId: string, stuck: Stuck): void {
    const { queue } = this.#host;
    queue.suspects.delete(eventId);
    queue.behind.delete(eventId);
    queue.stuck.set(eventId, stuck);
    this.#host.parked(eventId);
  }

  #tell(
    eventId: string,
    mutation: Mutation,
    why: Pick<TransactionError, 'message' | 'hint' | 'connectionEnd'>,
  ): void {
    this.#host.tell({ eventId, steps: mutation['tx-steps'], type: 'stuck', ...why, isKept: true });
  }
}
