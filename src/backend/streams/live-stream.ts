import type { StreamContent } from '../app/stream-content.ts';
import type { ClientChannel } from '../session/client-channel.ts';

/** After this many bytes, an acknowledgement tells the writer that it may discard them. */
const FLUSH_BYTES = 1024 * 1024;

/** Reads a stream as it is written. */
export interface StreamFollower {
  /** Call this when there may be something new. */
  wake(): void;
  /** Call this when nothing more will come because of an error. */
  fail(message: string): void;
}

/** A stream that is being written or read. */
export class LiveStream {
  readonly id: string;
  readonly clientId: string;
  readonly readers: Set<StreamFollower> = new Set();
  /** The session that writes it, at most one. */
  writer: ClientChannel | undefined;
  /** The hash of the reconnect token of its writer. */
  readonly tokenHash: string | undefined;
  /** How it ended, if it has. */
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

  /** How many bytes have been written; the last ones may not be durable yet. */
  get size(): number {
    return this.#size;
  }

  /** Whether it has neither writer nor readers. */
  get isIdle(): boolean {
    return this.writer === undefined && this.readers.size === 0;
  }

  /** The bytes from `from` on, up to `limit`, as far as they are durable. */
  read(from: number, limit: number): Uint8Array {
    return this.#content.read(this.id, from, limit);
  }

  /** Makes a session the writer, and returns the offset at which it starts. */
  admit(writer: ClientChannel): number {
    this.writer = writer;
    this.#acknowledged = this.size;
    return this.size;
  }

  /** Appends bytes. */
  append(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#content.append(this.id, bytes);
    this.#size += bytes.byteLength;
  }

  /** Makes readers check for new data. */
  wake(): void {
    for (const reader of this.readers) reader.wake();
  }

  /** The offset up to which to acknowledge the writer's bytes now; undefined while it is too early. */
  takeAcknowledgement(): number | undefined {
    if (!this.end && this.size - this.#acknowledged < FLUSH_BYTES) return undefined;
    this.#acknowledged = this.size;
    return this.size;
  }
}
