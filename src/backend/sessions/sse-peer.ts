import type { SessionPeer } from '../session/session-peer.ts';

const encoder = new TextEncoder();

/**
 * Close codes with which data already sent is still delivered. With any other code, the client left too much or
 * everything unread.
 */
const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1008, 1009]);

/** How many keep-alives in a row a client may leave unread before it is considered gone. */
const MAX_UNREAD_BEATS = 3;

/** A client that listens to an event stream: the outgoing half of a session's peer. */
export class SsePeer implements SessionPeer {
  /** The stream that the client reads. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #closed: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #unreadBeats = 0;

  /** @param closed is called once when the stream has been ended by either side; never from within another call. */
  constructor(closed: () => void) {
    this.#closed = closed;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#unreadBeats = 0;
        },
        cancel: () => this.#end(),
      },
      // Nothing is pulled ahead of the client, so the queue size shows what it has not read yet.
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
  }

  get bufferedAmount(): number {
    return -(this.#controller?.desiredSize ?? 0);
  }

  /** Sends one message, which contains no line break since it is JSON. */
  send(text: string): void {
    this.#write(`data: ${text}\n\n`);
  }

  /** Tells the client how long to wait before it reconnects. */
  setRetry(ms: number): void {
    this.#write(`retry: ${ms}\n\n`);
  }

  /** Sends a comment as a keep-alive, so that both sides notice when the other is gone. */
  beat(): void {
    if (this.#unreadBeats >= MAX_UNREAD_BEATS) this.close(1006, 'Nothing was read');
    else {
      this.#unreadBeats++;
      this.#write(': \n\n');
    }
  }

  close(code: number, reason: string): void {
    const controller = this.#controller;
    if (!controller) return;
    this.#end();
    if (ORDERLY.has(code)) controller.close();
    else controller.error(new Error(reason));
  }

  #write(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }

  #end(): void {
    if (!this.#controller) return;
    this.#controller = undefined;
    queueMicrotask(this.#closed);
  }
}
