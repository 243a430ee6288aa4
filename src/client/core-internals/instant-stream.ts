import type { Whys } from './whys.ts';

/** The error that core's streams give to a waiting writer or reader. */
export interface StreamError {
  type: 'error';
  error: Error;
}

/** The server's refusal of a request about a stream. */
export interface RefusedStream {
  message?: string;
  hint?: unknown;
  type?: string;
  status?: number;
  'client-event-id': string;
  'trace-id'?: string;
  'original-event': { op: string };
}

/** A part of a stream, or why there is none. */
interface AppendedStream {
  'client-event-id': string;
  error?: string;
  retry?: boolean;
}

/** Core's `InstantStream`, most of which it declares private. `Update` is what a reader gets. */
export interface InstantStreams<Update = unknown> {
  trySend: () => void;
  WStream: unknown;
  RStream: unknown;
  startWriteStreamCbs: Record<string, (outcome: StreamError) => void>;
  writeStreams: Record<string, { onConnectionReconnect(): void }>;
  readStreamIterators: Record<string, { push(outcome: StreamError): void; close(): void }>;
  onRecieveError(refusal: RefusedStream): void;
  onStreamAppend(appended: AppendedStream): void;
  startReadStream(options: object): AsyncIterable<Update>;
  cancelReadStream(options: object): void;
  createWriteStream(options: object): unknown;
  createReadStream(options: object): unknown;
}

type ReliedUpon =
  | 'startWriteStream'
  | 'registerWriteStream'
  | 'appendStream'
  | 'onAppendFailed'
  | 'onStartStreamOk'
  | 'onStreamFlushed'
  | 'onConnectionStatusChange';

/** Why members of core's `InstantStream` matter here; read only by a test. */
export const instantStreamWhys: Required<Whys<keyof InstantStreams | ReliedUpon>> = {
  trySend: 'replaced: nothing is sent once the database is closed',
  WStream: 'written: an option, and the class of ours that takes nothing but text',
  RStream: 'written: an option',
  writeStreams: 'replaced and read: writers by the id of their stream; core looks ids up in a plain object',
  startWriteStreamCbs: 'replaced, read and written: writers that wait to begin',
  readStreamIterators: 'replaced, read and written: readers that wait for parts',
  createWriteStream: 'called on a stand-in that has a `WStream` of its own',
  createReadStream: 'called on a stand-in that has `startReadStream` and `cancelReadStream` of its own',
  startWriteStream: 'relied upon: notes who waits before it sends',
  registerWriteStream: 'relied upon: notes a writer in `writeStreams`',
  appendStream: 'relied upon: sends in a session alone',
  startReadStream: 'called: throws without a name of a stream; notes who waits before it sends',
  cancelReadStream: 'called: forgets a reader',
  onAppendFailed: 'relied upon: has the writer begin again',
  onStartStreamOk: 'relied upon: looks in `startWriteStreamCbs`',
  onStreamFlushed: 'relied upon: looks in `writeStreams`',
  onStreamAppend: 'replaced and called: drops the kind of an error',
  onRecieveError: 'replaced and called: drops the kind of a refusal',
  onConnectionStatusChange:
    'relied upon: has all begin again, and puts empty objects in the place of both records',
};

/** Why members of the iterator that core's readers wait on matter here; read only by a test. */
export const streamIteratorWhys: Whys<'push' | 'close'> = {
  push: 'called: gives a reader an error; nothing once it is closed',
  close: 'called: ends a reader after what was pushed',
};
