import type { StreamContent } from '../app/stream-content.ts';

const FIRST_CAPACITY = 1_024;

interface Kept {
  bytes: Uint8Array;
  size: number;
}

/** Stores streams in memory. */
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

// Doubles the capacity, so that a stream of many small chunks is copied only a few times.
function grown({ bytes, size }: Kept, atLeast: number): Uint8Array {
  const larger = new Uint8Array(Math.max(atLeast, bytes.byteLength * 2));
  larger.set(bytes.subarray(0, size));
  return larger;
}
