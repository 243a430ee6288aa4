import { id } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';
import type { Clock } from '../timing/clock.ts';

/**
 * A question that every Instant server answers and that changes nothing: to forget a query that was never asked. The
 * servers have no message for this purpose, and clients cannot send pings over an event stream.
 */
export class Probe {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #send: (message: { op: string }, eventId: string) => void;
  #asked: { eventId: string; at: number } | undefined;
  #roundTripMs: number | undefined;

  constructor(clock: Pick<Clock, 'now'>, send: (message: { op: string }, eventId: string) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** How long the last answer took, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Asks. */
  send(): void {
    const eventId = id();
    this.#asked = { eventId, at: this.#clock.now() };
    this.#send({ op: 'remove-query', ...{ q: { [eventId]: {} } } }, eventId);
  }

  /** Takes a message that may be the answer. Returns whether it is. */
  answered(message: unknown): boolean {
    if (!this.#asked || !isObject(message) || message['client-event-id'] !== this.#asked.eventId)
      return false;
    this.#roundTripMs = this.#clock.now() - this.#asked.at;
    this.#asked = undefined;
    return true;
  }
}
