/**
 * Where what is written to the streams of one app is kept. Nothing here may wait: the answer to a writer depends on
 * it. What is appended is durable some time later, along with all else, see `AppPersistence.whenDurable`.
 */
export interface StreamContent {
  /** How many bytes of a stream are kept; all that was appended until now is made durable for it. */
  size(streamId: string): number;
  /** Puts bytes behind those that are there. The caller must not write to them any more. */
  append(streamId: string, bytes: Uint8Array): void;
  /**
   * The bytes from `from` on: `limit` of them, or fewer when fewer are durable. The reader must not write to them.
   */
  read(streamId: string, from: number, limit: number): Uint8Array;
  /** Forgets a stream. */
  delete(streamId: string): void;
}
