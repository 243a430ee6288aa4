/**
 * Where what is written to the streams of one app is kept. Nothing here may wait: the answer to a writer depends on
 * it. What is appended is safe some time later, along with all else that the keeper is told, see `Keeper.whenSafe`.
 */
export interface StreamContent {
  /** How many bytes of a stream are kept; all that was appended until now is made safe for it. */
  size(streamId: string): number;
  /** Puts bytes behind those that are there. The caller must not write to them any more. */
  append(streamId: string, bytes: Uint8Array): void;
  /**
   * The bytes from `from` on: `limit` of them, or fewer when fewer are safe. The reader must not write to them.
   */
  read(streamId: string, from: number, limit: number): Uint8Array;
  /** Forgets a stream. */
  delete(streamId: string): void;
}

const FIRST_CAPACITY = 1_024;

interface Kept {
  bytes: Uint8Array;
  size: number;
}

/** Keeps streams in memory. */
export class MemoryStreamContent implements StreamContent {
  readonly #streams = new Map<string, Kept>();

  size(streamId: string): number {
    return this.#streams.get(streamId)?.size ?? 0;
  }

  append(streamId: string, bytes: Uint8Array): void {
    const kept = this.#streams.get(streamId) ?? { bytes: new Uint8Array(FIRST_CAPACITY), size: 0 };
    const size = kept.size + bytes.byteLength;
    if (size > kept.bytes.byteLength) kept.bytes = grown(kept, size);
    kept.bytes.set(bytes, kept.size);
    kept.size = size;
    this.#streams.set(streamId, kept);
  }

  read(streamId: string, from: number, limit: number): Uint8Array {
    const kept = this.#streams.get(streamId);
    if (!kept) return new Uint8Array(0);
    return kept.bytes.subarray(from, Math.min(from + limit, kept.size));
  }

  delete(streamId: string): void {
    this.#streams.delete(streamId);
  }
}

// Twice as much each time: a stream of many small chunks is copied a few times only.
function grown({ bytes, size }: Kept, atLeast: number): Uint8Array {
  const larger = new Uint8Array(Math.max(atLeast, bytes.byteLength * 2));
  larger.set(bytes.subarray(0, size));
  return larger;
}
