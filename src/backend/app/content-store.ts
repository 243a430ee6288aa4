/** Identifies the content of one file of one app. Both ids are lowercase UUIDs. */
export interface Place {
  readonly appId: string;
  readonly locationId: string;
}

/** A range of bytes of a file, from `start` up to but excluding `end`. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Stored content: immutable until it is deleted. */
export interface Content {
  readonly size: number;
  /** The bytes in chunks; `slice` must lie within the size. Cancelling the stream releases everything. */
  stream(slice: Slice): ReadableStream<Uint8Array>;
}

/** Stores file contents. */
export interface ContentStore {
  /**
   * Stores what a stream delivers, chunk by chunk, and returns its size. When it resolves, the content is as durable as
   * this store can make it. When it rejects, because `body` does or exceeds `maxBytes`, nothing is stored.
   */
  write(place: Place, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number>;
  /** The content, if it is stored. */
  read(place: Place): Promise<Content | undefined>;
  /** Deletes content; does nothing when there is none. */
  delete(place: Place): Promise<void>;
  /** Deletes all contents of an app. */
  deleteApp(appId: string): Promise<void>;
  /** Deletes content that no app refers to, such as an upload that was in flight when the process died. */
  sweep(isUsed: (place: Place) => boolean): Promise<void>;
}

/** A file exceeds the size limit. */
export class FileTooLargeError extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`A file has at most ${maxBytes} bytes`);
    this.name = 'FileTooLargeError';
    this.maxBytes = maxBytes;
  }
}

/** Passes a stream through, up to a number of bytes; throws at the first byte beyond it. */
export async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new FileTooLargeError(maxBytes);
    yield chunk;
  }
}
