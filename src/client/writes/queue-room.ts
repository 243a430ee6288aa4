import { InstantNodeError } from '../../errors.ts';
import { type Deferred, deferred } from '../timing/deferred.ts';
import type { WriteQueue } from '../transactions/write-queue.ts';
import { copiedChunks } from './copied-chunks.ts';

/** How much may wait for the server, and what becomes of a write beyond that. */
export interface QueueLimits {
  readonly maxPendingWrites: number;
  readonly maxPendingBytes: number;
  readonly whenQueueFull: 'reject' | 'wait';
}

/** A call of `transact` for whose write there was no room. */
interface WaitingCall extends Deferred<unknown> {
  readonly bytes: number;
  /** Makes the write, of the changes as they were when it was called. */
  make(): Promise<unknown>;
}

/** Bounds what waits for the server. What beyond that is asked for is refused, or has to wait until there is room. */
export class QueueRoom {
  readonly #queue: WriteQueue;
  readonly #limits: QueueLimits;
  readonly #push: (chunks: unknown) => Promise<unknown>;
  /** In the order of the calls. */
  readonly #waiting: Set<WaitingCall> = new Set();
  /** The changes that a write is being made of. */
  #chunks: unknown;
  #isAdmitting = false;
  #isLooking = false;

  /** `push` makes a write of changes. */
  constructor(queue: WriteQueue, limits: QueueLimits, push: (chunks: unknown) => Promise<unknown>) {
    this.#queue = queue;
    this.#limits = limits;
    this.#push = push;
  }

  /** Notes the changes that `make` makes a write of. */
  making<T>(chunks: unknown, make: () => T): T {
    this.#chunks = chunks;
    try {
      return make();
    } finally {
      this.#chunks = undefined;
    }
  }

  /**
   * What `transact` returns for a write of so many bytes for which there is no room now, nor anything done with it;
   * undefined when there is room.
   */
  turnedAway(bytes: number): Promise<unknown> | undefined {
    const isAdmitted = this.#isAdmitting;
    // Whatever else is written while that one is made has to wait in its turn.
    this.#isAdmitting = false;
    if (isAdmitted || (this.#waiting.size === 0 && this.#has(bytes))) return undefined;
    const { whenQueueFull, maxPendingBytes } = this.#limits;
    if (whenQueueFull === 'reject' || bytes > maxPendingBytes || this.#chunks === undefined) {
      return Promise.reject(this.#full(bytes));
    }
    const chunks = copiedChunks(this.#chunks);
    const call = { ...deferred<unknown>(), bytes, make: () => this.#push(chunks) };
    this.#waiting.add(call);
    return call.promise;
  }

  /** There may be room. */
  changed(): void {
    if (this.#waiting.size === 0 || this.#isLooking) return;
    this.#isLooking = true;
    // Not now: whoever changes the queue is not done.
    void Promise.resolve().then(() => {
      this.#isLooking = false;
      this.#admit();
    });
  }

  /** Rejects the calls that wait. */
  rejectAll(reason: Error): void {
    for (const call of this.#waiting) call.reject(reason);
    this.#waiting.clear();
  }

  #admit(): void {
    for (const call of this.#waiting) {
      if (!this.#has(call.bytes)) return;
      this.#waiting.delete(call);
      this.#isAdmitting = true;
      try {
        call.make().then(call.resolve, call.reject);
      } catch (error) {
        call.reject(error as Error);
      } finally {
        this.#isAdmitting = false;
      }
    }
  }

  #has(bytes: number): boolean {
    const { maxPendingWrites, maxPendingBytes } = this.#limits;
    return this.#queue.waiting < maxPendingWrites && this.#queue.bytes + bytes <= maxPendingBytes;
  }

  #full(bytes: number): InstantNodeError {
    const { maxPendingWrites, maxPendingBytes } = this.#limits;
    const { waiting, bytes: waitingBytes } = this.#queue;
    const isTooMany = waiting >= maxPendingWrites;
    const name = isTooMany ? 'maxPendingWrites' : 'maxPendingBytes';
    const found = isTooMany
      ? `${waiting} wait for the server, and option "connection.maxPendingWrites" is ${maxPendingWrites}`
      : `it has ${bytes} bytes, ${waitingBytes} wait for the server, and option "connection.maxPendingBytes" is ${maxPendingBytes}`;
    const hint =
      bytes > maxPendingBytes
        ? `Split it into smaller transactions, or raise connection.${name}`
        : `Wait for earlier ones to be delivered, which connection.whenQueueFull "wait" does, or raise connection.${name}`;
    return new InstantNodeError('queue-full', `Cannot take the transaction: ${found}`, {
      hint,
      outcome: 'not-applied',
    });
  }
}
