/**
 * Stores what is written to the streams of one app. Everything here is synchronous: a writer's answer depends on it.
 * Appended bytes become durable some time later, along with everything else, see `AppPersistence.whenDurable`.
 */
export interface StreamContent {
  /** How many bytes of a stream are stored; this makes everything appended so far durable. */
  size(streamId: string): number;
  /** Appends bytes to a stream. The caller must not modify them afterwards. */
  append(streamId: string, bytes: Uint8Array): void;
  /** The bytes from `from` on: up to `limit`, fewer if fewer are durable. The caller must not modify them. */
  read(streamId: string, from: number, limit: number): Uint8Array;
  /** Deletes a stream. */
  delete(streamId: string): void;
}
