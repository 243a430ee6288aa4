import { type Channel, channel } from 'node:diagnostics_channel';
import { isDebugging, printDebug } from './debug-output.ts';

/** A channel of `node:diagnostics_channel` whose messages `NODE_DEBUG=instant` prints as well. */
// Printed here and not by a subscriber: of two copies of this package in a process, each prints its own messages.
export class HeardChannel<Payload extends object> {
  readonly #channel: Channel;
  readonly #printedAs: string | undefined;

  /** Not printed without `printedAs`. */
  constructor(name: string, printedAs?: string) {
    this.#channel = channel(name);
    this.#printedAs = printedAs;
  }

  /** Whether a message would get to anybody. */
  get isHeard(): boolean {
    return this.#channel.hasSubscribers || (isDebugging && this.#printedAs !== undefined);
  }

  /** Never throws: what a subscriber throws, the runtime throws again in a turn of its own. */
  publish(payload: Payload): void {
    this.#print(payload);
    this.#channel.publish(payload);
  }

  /** Publishes, and runs `call` within the stores that are bound to the channel. */
  runStores<Result>(payload: Payload, call: () => Result): Result {
    this.#print(payload);
    return this.#channel.runStores(payload, call);
  }

  #print(payload: Payload): void {
    if (isDebugging && this.#printedAs !== undefined) printDebug(this.#printedAs, payload);
  }
}
