import type { InstantStreams, StreamError } from '../core-internals/instant-stream.ts';

/**
 * Ends every stream that is written or read: whoever waits for one is given the error. Core would let them wait for
 * ever, and those that were about to begin would go on trying, with timers that hold the process.
 */
export function endStreams(instantStream: object, error: Error): void {
  const streams = instantStream as InstantStreams;
  const outcome: StreamError = { type: 'error', error };
  streams.trySend = () => {};
  // A writer takes an error for an answer to its wish to go on, and at no other time.
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
