import { type Refusal, refusalError } from '../refusals/server-refusal.ts';

/** A message that refuses what was asked of a stream. */
interface RefusedStream extends Refusal {
  'client-event-id': string;
  'trace-id'?: string;
  'original-event': { op: string };
}

/** A part of a stream, or why there is none. */
interface Appended {
  'client-event-id': string;
  error?: string;
  retry?: boolean;
}

interface Outcome {
  type: 'error';
  error: Error;
}

/** The parts of core's `InstantStream` that it declares private. */
interface Streams {
  startWriteStreamCbs: Record<string, (outcome: Outcome) => void>;
  readStreamIterators: Record<string, { push(outcome: Outcome): void; close(): void }>;
  onRecieveError(refusal: RefusedStream): void;
  onStreamAppend(appended: Appended): void;
}

/** Has readers and writers of streams told what the server said. Core gives them its words, without its kind of error. */
export function tellStreamRefusals(instantStream: object): void {
  const streams = instantStream as Streams;
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
