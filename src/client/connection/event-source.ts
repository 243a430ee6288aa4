import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { HandshakeRefusal } from '../../drivers/contract.ts';
import type { Send } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';

/** A larger event ends the stream: far above what a server sends, below what would exhaust a process. */
const MAX_EVENT_LENGTH = 256 * 1024 * 1024;

/** What one hears of an event stream. */
export interface SourceEvents {
  /** Something arrived, a comment or a part of an event. */
  bytes(count: number): void;
  /** The data of one event. */
  data(text: string): void;
  /** It is over, and not because it was closed here; nothing follows. */
  failed(cause: unknown, refusal?: HandshakeRefusal): void;
}

/** An event stream that is being read. */
export interface Source {
  /** Ends it at once. Repeatable. */
  close(): void;
}

/** Reads an event stream by a database's own `fetch`. It is not opened again when it ends, which is for its owner. */
export function openSource(url: string, send: Send, hold: boolean, events: SourceEvents): Source {
  const abort = new AbortController();
  const read = async (): Promise<void> => {
    const headers = { accept: 'text/event-stream' };
    const answer = await send(url, { headers, signal: abort.signal, hold, cache: 'no-store' });
    const refusal = refusalOf(answer);
    if (refusal || !answer.body) {
      abort.abort();
      events.failed(notAStream(answer), refusal);
      return;
    }
    const decoder = new TextDecoder();
    const parser = parserOf(events);
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      if (abort.signal.aborted) return;
      events.bytes(chunk.byteLength);
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
    if (!abort.signal.aborted) events.failed(new Error('The server ended the event stream'));
  };
  read().catch((cause) => {
    if (abort.signal.aborted) return;
    abort.abort();
    events.failed(cause);
  });
  return { close: () => abort.abort() };
}

function parserOf({ data }: SourceEvents): EventSourceParser {
  return createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: (event) => data(event.data),
    onError: (error) => {
      // What else is odd about a line is passed over, as the standard has it.
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
}

function refusalOf(answer: Response): HandshakeRefusal | undefined {
  if (answer.status === 200 && isStream(answer)) return undefined;
  const after = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return {
    status: answer.status,
    retryAfterMs: Number.isFinite(after) ? Math.max(after, 0) * 1_000 : undefined,
  };
}

function isStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');
}

function notAStream(answer: Response): InstantNodeError {
  const what = answer.status === 200 ? 'with what is no event stream' : `with status ${answer.status}`;
  return new InstantNodeError(
    'connection-failed',
    `The server answered the request for an event stream ${what}`,
  );
}

/** What of an `EventSource` is used. */
interface StandardSource {
  onmessage: ((event: { data: string }) => void) | null;
  onerror: ((event: object) => void) | null;
  close(): void;
}

/** Reads an event stream by a class of a user's, in the standard's shape, which shows events alone. */
export function openSourceOf(EventSource: unknown, url: string, events: SourceEvents): Source {
  const source = new (EventSource as new (url: string) => StandardSource)(url);
  const close = (): void => {
    source.onmessage = null;
    source.onerror = null;
    source.close();
  };
  source.onmessage = ({ data }) => {
    events.bytes(data.length);
    events.data(data);
  };
  source.onerror = (event) => {
    // It would open another stream by itself, which is another session.
    close();
    const { error } = (event ?? {}) as { error?: unknown };
    events.failed(error ?? new Error('The class of event streams told of an error, and not which'));
  };
  return { close };
}
