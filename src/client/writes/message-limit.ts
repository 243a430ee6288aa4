import { InstantNodeError } from '../../errors.ts';
import { bytesOf } from '../transactions/step-bytes.ts';
import type { Mutation } from '../transactions/transactions.ts';

/** A write that is too long, as messages say it. */
interface TooLong {
  readonly message: string;
  readonly hint: string;
}

const SPLIT = 'Split it into smaller transactions';

/**
 * The longest message that the server takes, as far as that is known: from the option `maxMessageBytes`, or because the
 * server has ended the connection for a longer one. Nothing is assumed of a server that has said neither.
 */
export class MessageLimit {
  readonly #option: number | undefined;
  /** The length of the shortest message that it did not take. */
  #refused: number | undefined;
  /** The length of the longest that it took. */
  #taken = 0;

  constructor(option: number | undefined) {
    this.#option = option;
  }

  /** The server has ended the connection for this message, and says that it was too long. */
  refused(bytes: number): void {
    // What it said of a message that is shorter than one it took, it did not say of its length.
    if (bytes <= this.#taken) return;
    this.#refused = Math.min(bytes, this.#refused ?? bytes);
  }

  /** The server has answered this write. Returns whether it takes longer ones than was known. */
  answered(eventId: string, mutation: Mutation): boolean {
    // Without what stands around them, which is not worth its cost as long as nothing is known.
    if (this.#refused === undefined) {
      this.#taken = Math.max(this.#taken, bytesOf(mutation));
      return false;
    }
    const bytes = messageBytes(eventId, mutation);
    this.#taken = Math.max(this.#taken, bytes);
    if (bytes < this.#refused) return false;
    this.#refused = undefined;
    return true;
  }

  /** Why a write cannot be sent; undefined when it can, as far as is known. */
  why(eventId: string, mutation: Mutation): TooLong | undefined {
    if (this.#option === undefined && this.#refused === undefined) return undefined;
    const bytes = messageBytes(eventId, mutation);
    const long = `Cannot send a transaction of ${inBytes(bytes)}`;
    if (this.#option !== undefined && bytes > this.#option) {
      return {
        message: `${long}: option "connection.maxMessageBytes" allows ${inBytes(this.#option)}`,
        hint: `${SPLIT}, or raise the option if the server takes longer messages`,
      };
    }
    if (this.#refused === undefined || bytes < this.#refused) return undefined;
    return {
      message: `${long}: the server has ended the connection for one of ${inBytes(this.#refused)} (code 1009)`,
      hint: SPLIT,
    };
  }

  /** The error of a write that cannot be sent; undefined when it can. */
  refusal(eventId: string, mutation: Mutation): InstantNodeError | undefined {
    const why = this.why(eventId, mutation);
    if (!why) return undefined;
    return new InstantNodeError('message-too-large', why.message, { hint: why.hint, outcome: 'not-applied' });
  }
}

/** How long a write is as a message, in bytes: its steps, and what stands around them. */
export function messageBytes(eventId: string, mutation: Mutation): number {
  const around = JSON.stringify({ 'client-event-id': eventId, ...mutation, 'tx-steps': [] });
  return around.length - '[]'.length + bytesOf(mutation);
}

function inBytes(bytes: number): string {
  return `${bytes.toLocaleString('en-US')} bytes`;
}
