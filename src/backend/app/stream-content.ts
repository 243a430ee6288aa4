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
