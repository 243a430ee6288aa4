import type { Keeper } from '../app/keeper.ts';
import type { SessionPeer } from './session-peer.ts';

/** A client that leaves this much unread is cut off, before it takes everybody's memory. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/** What a client is told: nothing that a crash could still take back. */
export class DurableSender {
  readonly #peer: SessionPeer;
  readonly #keeper: Keeper;
  /** How much is held back until what it may tell of is safe. */
  #held = 0;

  constructor(peer: SessionPeer, keeper: Keeper) {
    this.#peer = peer;
    this.#keeper = keeper;
  }

  /** Bytes that the client has not taken yet. */
  get bufferedAmount(): number {
    return this.#peer.bufferedAmount + this.#held;
  }

  /** Sends a message, in order. */
  send(text: string): void {
    this.#held += text.length;
    this.#keeper.whenSafe(() => {
      this.#held -= text.length;
      this.#peer.send(text);
      if (this.#peer.bufferedAmount > MAX_BUFFERED_BYTES) this.#peer.close(1013, 'Too much is left unread');
    });
  }
}
