import type { AppPersistence } from '../app/app-persistence.ts';
import type { SessionPeer } from './session-peer.ts';

/** A client with more unread data than this is disconnected, before it uses up everyone's memory. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;

/** Sends a client only what is durable, so that no crash can undo what it has seen. */
export class DurableSender {
  readonly #peer: SessionPeer;
  readonly #persistence: AppPersistence;
  /** How much is held back until the changes it may reveal are durable. */
  #held = 0;

  constructor(peer: SessionPeer, persistence: AppPersistence) {
    this.#peer = peer;
    this.#persistence = persistence;
  }

  /** Bytes that the client has not received yet. */
  get bufferedAmount(): number {
    return this.#peer.bufferedAmount + this.#held;
  }

  /** Sends a message; order is preserved. */
  send(text: string): void {
    this.#held += text.length;
    this.#persistence.whenDurable(() => {
      this.#held -= text.length;
      this.#peer.send(text);
      if (this.#peer.bufferedAmount > MAX_BUFFERED_BYTES) this.#peer.close(1013, 'Too much is left unread');
    });
  }
}
