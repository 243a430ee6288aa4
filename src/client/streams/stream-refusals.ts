import type { InstantStreams, RefusedStream } from '../core-internals/instant-stream.ts';
import { type Refusal, refusalError } from '../refusals/server-refusal.ts';

/**
 * Gives readers and writers of streams all that the server said. Core gives them its message, without its error type.
 */
export function tellStreamRefusals(instantStream: object): void {
  const streams = instantStream as InstantStreams;
  const { onRecieveError, onStreamAppend } = streams;

  const refuseReader = (eventId: string, refusal: Refusal): void => {
    const reader = streams.readStreamIterators[eventId];
    reader?.push({ type: 'error', error: refusalError(refusal) });
    reader?.close();
    delete streams.readStreamIterators[eventId];
  };

  const refuseWriter = (eventId: string, refusal: Refusal): void => {
    streams.startWriteStreamCbs[eventId]?.({ type: 'error', error: refusalError(refusal) });
    delete streams.startWriteStreamCbs[eventId];
  };

  streams.onRecieveError = (refusal) => {
    const eventId = refusal['client-event-id'];
    const { op } = refusal['original-event'];
    if (op === 'subscribe-stream') refuseReader(eventId, saidIn(refusal));
    else if (op === 'start-stream') refuseWriter(eventId, saidIn(refusal));
    else onRecieveError.call(streams, refusal);
  };

  streams.onStreamAppend = (appended) => {
    const { error, retry } = appended;
    if (error && !retry) refuseReader(appended['client-event-id'], { message: error });
    else onStreamAppend.call(streams, appended);
  };
}

function saidIn({
  message = 'Unknown error',
  hint,
  type,
  status,
  'trace-id': traceId,
}: RefusedStream): Refusal {
  return { message, hint, type, status, traceId };
}
