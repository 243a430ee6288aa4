import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { eventName, type StreamMessage, type SubscribeStreamMessage } from '../../protocol/streams.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import type { AppStreams } from './app-streams.ts';
import type { LiveStream } from './live-stream.ts';
import type { StreamReader } from './stream-reader.ts';

/** The streams that one session writes and reads. */
export class SessionStreams {
  readonly #streams: AppStreams;
  readonly #channel: ClientChannel;
  readonly #writing = new Map<string, LiveStream>();
  readonly #reading = new Map<string, StreamReader>();

  constructor(streams: AppStreams, channel: ClientChannel) {
    this.#streams = streams;
    this.#channel = channel;
  }

  /**
   * Handles an event and replies to it.
   *
   * @throws {ServerError} when it is not permitted.
   */
  serve(message: StreamMessage, id: EventId): void {
    switch (message.op) {
      case 'start-stream': {
        const stream = this.#streams.start(this.#channel, message, id);
        this.#writing.set(stream.id, stream);
        break;
      }
      case 'append-stream':
        this.#streams.append(this.#channel, message);
        if (message.done) this.#finished(message.streamId);
        break;
      case 'subscribe-stream':
        this.#subscribe(message, id);
        break;
      case 'unsubscribe-stream':
        this.#unsubscribe(message.subscribeEventId ?? '');
        break;
    }
  }

  /** Stops writing and reading everything. */
  end(): void {
    for (const reader of this.#reading.values()) this.#streams.unsubscribe(reader);
    for (const stream of this.#writing.values()) this.#streams.writerLeft(stream, this.#channel);
    this.#reading.clear();
    this.#writing.clear();
  }

  #finished(streamId: string): void {
    const stream = this.#writing.get(streamId);
    this.#writing.delete(streamId);
    if (stream) this.#streams.writerLeft(stream, this.#channel);
  }

  #subscribe(message: SubscribeStreamMessage, id: EventId): void {
    const name = eventName(id) ?? '';
    const before = this.#reading.get(name);
    const reader = this.#streams.subscribe(this.#channel, message, id, () => this.#reading.delete(name));
    if (before) this.#streams.unsubscribe(before);
    this.#reading.set(name, reader);
  }

  #unsubscribe(name: string): void {
    const reader = this.#reading.get(name);
    if (!reader) throw this.#missing(name);
    this.#reading.delete(name);
    this.#streams.unsubscribe(reader);
  }

  #missing(name: string): ServerError {
    const input = { 'sess-id': this.#channel.sessionId, 'subscribe-event-id': name };
    return validationFailed('unsubscribe-stream', input, [{ message: 'Stream subscription is missing.' }]);
  }
}
