import type { InstantStreams, StreamError } from '../core-internals/instant-stream.ts';

/**
 * Ends every stream that is being written or read: its writer or reader gets the error. Core would leave them waiting
 * forever, and those about to begin would keep trying, with timers that hold the process.
 */
export function endStreams(instantStream: object, error: Error): void {
  const streams = instantStream as InstantStreams;
  const outcome: StreamError = { type: 'error', error };
  streams.trySend = () => {};
  // A writer accepts an error only as the answer to its request to resume.
  for (const writer of Object.values(streams.writeStreams)) writer.onConnectionReconnect();
  for (const answer of Object.values(streams.startWriteStreamCbs)) answer(outcome);
  for (const reader of Object.values(streams.readStreamIterators)) {
    reader.push(outcome);
    reader.close();
  }
  streams.writeStreams = {};
  streams.startWriteStreamCbs = {};
  streams.readStreamIterators = {};
}
