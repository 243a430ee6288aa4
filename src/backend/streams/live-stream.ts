import type { StreamContent } from '../app/stream-content.ts';
import type { ClientChannel } from '../session/client-channel.ts';

/** After so many bytes the writer is told that it may forget them. */
const FLUSH_BYTES = 1024 * 1024;

/** Reads a stream as it is written. */
export interface StreamFollower {
  /** There may be something new. */
  wake(): void;
  /** There will be nothing more. */
  fail(message: string): void;
}

/** A stream that somebody writes or reads. */
export class LiveStream {
  readonly id: string;
  readonly clientId: string;
  readonly readers: Set<StreamFollower> = new Set();
  /** The session that writes it; there is at most one. */
  writer: ClientChannel | undefined;
  /** The hash of what its writer presents to go on. */
  readonly tokenHash: string | undefined;
  /** How it ended, when it has. */
  end: { readonly abortReason: string | undefined } | undefined;
  readonly #content: StreamContent;
  #size: number;
  #acknowledged = 0;

  constructor(
    { id, clientId, tokenHash, end }: Pick<LiveStream, 'id' | 'clientId' | 'tokenHash' | 'end'>,
    content: StreamContent,
  ) {
    this.tokenHash = tokenHash;
    this.id = id;
    this.clientId = clientId;
    this.end = end;
    this.#content = content;
    this.#size = content.size(id);
  }

  /** How many bytes have been written; the last of them may not be safe yet. */
  get size(): number {
    return this.#size;
  }

  /** Whether nobody needs it here any more. */
  get isIdle(): boolean {
    return this.writer === undefined && this.readers.size === 0;
  }

  /** The bytes from `from` on, at most `limit`, as far as they are safe. */
  read(from: number, limit: number): Uint8Array {
    return this.#content.read(this.id, from, limit);
  }

  /** Lets a session write from here on, and gives the offset at which it begins. */
  admit(writer: ClientChannel): number {
    this.writer = writer;
    this.#acknowledged = this.size;
    return this.size;
  }

  /** Writes behind what is there. */
  append(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#content.append(this.id, bytes);
    this.#size += bytes.byteLength;
  }

  /** Has the readers look for what is new. */
  wake(): void {
    for (const reader of this.readers) reader.wake();
  }

  /** The offset up to which the writer is to be told that its bytes are kept; undefined while it is too early. */
  takeAcknowledgement(): number | undefined {
    if (!this.end && this.size - this.#acknowledged < FLUSH_BYTES) return undefined;
    this.#acknowledged = this.size;
    return this.size;
  }
}
