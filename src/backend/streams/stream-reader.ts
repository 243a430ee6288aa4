import type { StreamAppend } from '../../protocol/streams.ts';
import type { ClientChannel } from '../session/client-channel.ts';
import type { EventId } from '../session/encode.ts';
import { PacedSender } from '../session/paced-sender.ts';
import type { LiveStream } from './live-stream.ts';

/** The maximum content of a message, in bytes. */
const PIECE_BYTES = 256 * 1024;
/** The maximum length of a character in UTF-8. */
const LONGEST_CHARACTER = 4;

const decoder = new TextDecoder();

/** Sends a stream to one client: first its existing content, then what is written, as fast as the client reads. */
export class StreamReader {
  readonly stream: LiveStream;
  readonly #channel: ClientChannel;
  readonly #eventId: EventId;
  readonly #sender: PacedSender;
  readonly #ended: () => void;
  #offset: number;
  #greeted = false;

  /** @param ended is called when the reader has received everything, or cannot continue. */
  constructor(parts: {
    channel: ClientChannel;
    eventId: EventId;
    stream: LiveStream;
    offset: number;
    ended: () => void;
    failed: (error: unknown) => void;
  }) {
    this.#channel = parts.channel;
    this.#eventId = parts.eventId;
    this.stream = parts.stream;
    this.#offset = startOfCharacter(parts.stream, Math.min(parts.offset, parts.stream.size));
    this.#ended = parts.ended;
    this.#sender = new PacedSender(
      parts.channel,
      () => this.#step(),
      (error) => {
        parts.failed(error);
        this.fail('Cannot read the stream.');
      },
    );
    this.stream.readers.add(this);
    this.wake();
  }

  /** Call this when there may be more to read. */
  wake(): void {
    this.#sender.wake();
  }

  /** Stops sending for good. */
  stop(): void {
    this.#sender.stop();
    this.stream.readers.delete(this);
  }

  /** Tells the client that the stream cannot continue because of an error. */
  fail(error: string): void {
    this.#send({ error });
    this.#end();
  }

  #step(): boolean {
    const piece = wholeCharacters(this.stream.read(this.#offset, PIECE_BYTES));
    if (piece.byteLength > 0) {
      this.#send({ content: decoder.decode(piece) });
      this.#offset += piece.byteLength;
      return true;
    }
    const { end, size } = this.stream;
    if (end && this.#offset >= size) {
      this.#send({
        done: true,
        ...(end.abortReason === undefined ? {} : { 'abort-reason': end.abortReason }),
      });
      this.#end();
    } else if (!this.#greeted) {
      // The client learns the stream's id from the first message.
      this.#send({ content: '' });
    }
    return false;
  }

  #send(fields: Pick<StreamAppend, 'content' | 'done' | 'abort-reason' | 'error'>): void {
    this.#greeted = true;
    this.#channel.send({
      op: 'stream-append',
      'stream-id': this.stream.id,
      'client-id': this.stream.clientId,
      offset: this.#offset,
      ...fields,
      'client-event-id': this.#eventId,
      'trace-id': null,
    });
  }

  #end(): void {
    this.stop();
    this.#ended();
  }
}

/** The start of the character at `offset`: a client discards what it has already. */
function startOfCharacter(stream: LiveStream, offset: number): number {
  let start = offset;
  for (let i = 1; i < LONGEST_CHARACTER && start > 0 && isContinuation(stream.read(start, 1)[0]); i++)
    start--;
  return start;
}

/** The bytes without an incomplete character at the end. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  const { byteLength } = bytes;
  if (byteLength < PIECE_BYTES) return bytes;
  for (let i = byteLength - 1; i > byteLength - LONGEST_CHARACTER; i--) {
    if (!isContinuation(bytes[i])) return bytes.subarray(0, i);
  }
  return bytes;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
