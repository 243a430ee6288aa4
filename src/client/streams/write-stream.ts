import { InstantStream, type InstantWritableStream } from '@instantdb/core';

/**
 * Core's stream for writing, but it accepts only text. Core sends whatever it is given, and what the server refuses it
 * sends again, at once and forever.
 */
export function writeStream(
  instantStream: InstantStream,
  options: Parameters<InstantStream['createWriteStream']>[0],
): InstantWritableStream<string> {
  const writing = Object.assign(Object.create(instantStream), { WStream: TextStream });
  return InstantStream.prototype.createWriteStream.call(writing as InstantStream, options);
}

class TextStream extends WritableStream<string> {
  constructor(sink: UnderlyingSink<string> = {}, strategy?: QueuingStrategy<string>) {
    const write = (chunk: unknown, controller: WritableStreamDefaultController): unknown => {
      if (typeof chunk === 'string') return sink.write?.(chunk, controller);
      const error = new TypeError(
        `Cannot write to the stream: a chunk is ${kindOf(chunk)}, expected a string`,
      );
      // Otherwise its readers would wait for what will never come.
      sink.abort?.(error.message);
      throw error;
    };
    super({ ...sink, write: write as UnderlyingSinkWriteCallback<string> }, strategy);
  }
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
