import { type InstantReadableStream, InstantStream } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import type { InstantStreams } from '../core-internals/instant-stream.ts';

/** Core's limit. */
const MAX_FAILURES = 10;

interface Part {
  type: 'append';
  /** Where it begins, in bytes of UTF-8. */
  offset: number;
  streamId: string;
  /** Files that hold its beginning. */
  files?: readonly { url: string }[] | null;
  content?: string | null;
}

/** What core's streams give a reader. */
type Update = Part | { type: 'reconnect' } | { type: 'error'; error: Error };

type Reading = Pick<InstantStreams<Update>, 'startReadStream' | 'cancelReadStream'>;

/**
 * Core's stream for reading, but its failures reach its reader. Core does not await what it begins to read: a file that
 * cannot be fetched, or a stream without a name, ends the process as an unhandled rejection. It also decodes each chunk
 * of a file separately, which loses a character that spans two chunks.
 *
 * Once `ended` is aborted, no more files are fetched, and the reader gets its reason.
 */
export function readStream(
  instantStream: InstantStream,
  options: Parameters<InstantStream['createReadStream']>[0],
  ended: AbortSignal,
): InstantReadableStream<string> {
  const cores = instantStream as unknown as Reading;
  const canceled = new AbortController();
  const files = new StreamFiles(AbortSignal.any([canceled.signal, ended]));
  const reading: Reading = Object.assign(Object.create(instantStream), {
    startReadStream: (started: object) => inParts(() => cores.startReadStream(started), files),
    cancelReadStream(stopped: object) {
      canceled.abort();
      cores.cancelReadStream(stopped);
    },
  });
  return InstantStream.prototype.createReadStream.call(reading as unknown as InstantStream, options);
}

/** Each update of a stream, with the contents of its files in place of their URLs; never throws. */
async function* inParts(start: () => AsyncIterable<Update>, files: StreamFiles): AsyncGenerator<Update> {
  try {
    for await (const update of start()) {
      if (update.type === 'append' && update.files?.length) yield* files.read(update);
      else yield update;
    }
  } catch (error) {
    yield { type: 'error', error: error as Error };
  }
}

/** The files of one stream. */
class StreamFiles {
  readonly #signal: AbortSignal;
  #failures = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Turns a part with files into parts without. When the files cannot be read, core is told to ask the server for the
   * stream again or, after too many failures, to fail.
   */
  async *read({ files, content, offset, streamId }: Part): AsyncGenerator<Update> {
    let end = offset;
    const partOf = (text: string): Part => {
      const part: Part = { type: 'append', offset: end, streamId, content: text };
      end += Buffer.byteLength(text);
      return part;
    };
    try {
      for await (const text of this.#texts(files ?? [])) yield partOf(text);
    } catch (cause) {
      yield this.#afterFailure(cause);
      return;
    }
    this.#failures = 0;
    if (content) yield partOf(content);
  }

  async *#texts(files: readonly { url: string }[]): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for (const { url } of files) {
      const response = await fetch(url, { signal: this.#signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`The file server answered with status ${response.status}`);
      }
      for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  }

  #afterFailure(cause: unknown): Update {
    if (this.#signal.aborted) return { type: 'error', error: this.#signal.reason };
    if (++this.#failures <= MAX_FAILURES) return { type: 'reconnect' };
    const message = `Cannot read the stream: its files could not be fetched, ${this.#failures} times in a row`;
    return { type: 'error', error: new InstantNodeError('connection-failed', message, { cause }) };
  }
}
