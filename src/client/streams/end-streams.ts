/** What core's streams tell those who wait for the server. */
interface Outcome {
  type: 'error';
  error: Error;
}

/** The parts of core's `InstantStream` that it declares private. */
interface StreamsState {
  trySend: () => void;
  startWriteStreamCbs: Record<string, (outcome: Outcome) => void>;
  writeStreams: Record<string, { onConnectionReconnect(): void }>;
  readStreamIterators: Record<string, { push(outcome: Outcome): void; close(): void }>;
}

/**
 * Ends every stream that is written or read: whoever waits for one is given the error. Core would let them wait for
 * ever, and those that were about to begin would go on trying, with timers that hold the process.
 */
export function endStreams(instantStream: object, error: Error): void {
  const streams = instantStream as StreamsState;
  const outcome: Outcome = { type: 'error', error };
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
