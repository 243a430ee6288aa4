import type { Answer, Down } from './envelope.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { count, flag, optional, type Read, record, required, text, uuid, wording } from './params.ts';

/** Starts to write a stream, or resumes after a lost connection. */
export interface StartStreamMessage {
  op: 'start-stream';
  /** The writer's own name for the stream. */
  clientId: string;
  /** Proves on resuming that this is the same writer. */
  reconnectToken: string;
  ruleParams: JsonObject | undefined;
}

/** Writes to a stream that this session has started. */
export interface AppendStreamMessage {
  op: 'append-stream';
  streamId: string;
  chunks: readonly string[];
  /** Where the first chunk begins, in bytes of UTF-8. */
  offset: number;
  /** Whether this is the end. */
  done: boolean;
  /** Why the writer gave up, when it did. */
  abortReason: string | undefined;
}

/** Starts to read a stream. */
export interface SubscribeStreamMessage {
  op: 'subscribe-stream';
  streamId: string | undefined;
  clientId: string | undefined;
  /** Where to begin, in bytes of UTF-8. */
  offset: number;
  ruleParams: JsonObject | undefined;
}

/** Stops reading. */
export interface UnsubscribeStreamMessage {
  op: 'unsubscribe-stream';
  /** The `client-event-id` of the event that started it. */
  subscribeEventId: string | undefined;
}

/** What a client sends about streams. */
export type StreamMessage =
  | StartStreamMessage
  | AppendStreamMessage
  | SubscribeStreamMessage
  | UnsubscribeStreamMessage;

/** The operations on streams. */
export const STREAM_OPS = [
  'start-stream',
  'append-stream',
  'subscribe-stream',
  'unsubscribe-stream',
] as const;

/** The stream can be written, from `offset`. */
export interface StartStreamOk extends Answer<'start-stream-ok'> {
  'client-id': string;
  'stream-id': string;
  offset: number;
}

/** Everything up to `offset` is stored and need not be sent again. */
export interface StreamFlushed extends Down<'stream-flushed'> {
  'stream-id': string;
  offset: number;
  done: boolean;
}

/** A write could not be stored: the writer must start the stream again. */
export interface AppendFailed extends Down<'append-failed'> {
  'stream-id': string;
}

/** A part of a stream, for a reader. */
export interface StreamAppend extends Answer<'stream-append'> {
  'stream-id': string;
  'client-id': string;
  /** Where the part begins, in bytes of UTF-8. */
  offset: number;
  content?: string;
  done?: true;
  'abort-reason'?: string;
  /** Why there is no more; the client must not retry. */
  error?: string;
}

/** What a server sends about streams. */
export type StreamDownMessage = StartStreamOk | StreamFlushed | AppendFailed | StreamAppend;

const chunks: Read<readonly string[]> = (value) =>
  Array.isArray(value) && value.every((chunk) => typeof chunk === 'string') ? value : undefined;

/** A reason that is not a text is stored as JSON. */
const reason: Read<string> = (value) => {
  const given = typeof value === 'string' ? value : JSON.stringify(value);
  return given.trim() || undefined;
};

/** The `client-event-id` of an event, in the form that identifies a reader. */
export function eventName(id: JsonValue | undefined): string | undefined {
  return typeof id === 'string' ? id : undefined;
}

/**
 * The fields of an event on a stream, checked.
 *
 * @throws {ServerError} when a field is missing or invalid.
 */
export function parseStreamMessage(op: StreamMessage['op'], event: JsonObject): StreamMessage {
  switch (op) {
    case 'start-stream':
      return {
        op,
        clientId: required(event, 'client-id', wording),
        ruleParams: optional(event, 'rule-params', record),
        reconnectToken: required(event, 'reconnect-token', uuid),
      };
    case 'append-stream':
      return {
        op,
        streamId: required(event, 'stream-id', uuid),
        done: optional(event, 'done', flag) ?? false,
        abortReason: optional(event, 'abort-reason', reason),
        offset: required(event, 'offset', count),
        chunks: required(event, 'chunks', chunks),
      };
    case 'subscribe-stream':
      return {
        op,
        streamId: optional(event, 'stream-id', uuid),
        clientId: optional(event, 'client-id', wording),
        offset: optional(event, 'offset', count) ?? 0,
        ruleParams: optional(event, 'rule-params', record),
      };
    case 'unsubscribe-stream':
      return { op, subscribeEventId: optional(event, 'subscribe-event-id', text) };
  }
}
