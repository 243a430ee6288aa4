/** The content of one file of one app. Both ids are UUIDs in lower case. */
export interface Place {
  readonly appId: string;
  readonly locationId: string;
}

/** Some of the bytes of a file: from `start` to before `end`. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Content as it is kept: it never changes, and goes when it is deleted. */
export interface Content {
  readonly size: number;
  /** The bytes, piece by piece; `slice` lies within the size. Cancelling the stream lets go of everything. */
  stream(slice: Slice): ReadableStream<Uint8Array>;
}

/** Where the contents of files are. */
export interface ContentStore {
  /**
   * Keeps what a stream brings, as it comes, and gives its size. When it resolves, the content is as safe as it will
   * ever be. When it rejects - because `body` does, or brings more than `maxBytes` - nothing is kept.
   */
  write(place: Place, body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<number>;
  /** The content, as long as it is kept. */
  read(place: Place): Promise<Content | undefined>;
  /** Forgets content; none is fine, too. */
  delete(place: Place): Promise<void>;
  /** Forgets all contents of an app. */
  deleteApp(appId: string): Promise<void>;
  /** Forgets what no app refers to, such as an upload that was under way when the process died. */
  sweep(isUsed: (place: Place) => boolean): Promise<void>;
}

/** A file is larger than files may be. */
export class FileTooLargeError extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`A file has at most ${maxBytes} bytes`);
    this.name = 'FileTooLargeError';
    this.maxBytes = maxBytes;
  }
}

/** Passes a stream on up to a number of bytes, and fails with the first byte too many. */
export async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new FileTooLargeError(maxBytes);
    yield chunk;
  }
}
