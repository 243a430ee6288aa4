import type { InstantStream } from '@instantdb/core';
import { endStreams } from './end-streams.ts';
import { readStream } from './read-stream.ts';
import { findOwnStreamsAlone } from './stream-records.ts';
import { tellStreamRefusals } from './stream-refusals.ts';
import { writeStream } from './write-stream.ts';

/** The streams of a database, on top of core's. */
export class ClientStreams {
  readonly #cores: InstantStream;
  readonly #ended = new AbortController();

  constructor(cores: InstantStream) {
    this.#cores = cores;
    findOwnStreamsAlone(cores);
    tellStreamRefusals(cores);
  }

  write(options: Parameters<typeof writeStream>[1]): ReturnType<typeof writeStream> {
    return writeStream(this.#cores, options);
  }

  read(options: Parameters<typeof readStream>[1]): ReturnType<typeof readStream> {
    return readStream(this.#cores, options, this.#ended.signal);
  }

  /** Ends all of them, and tells their readers and writers why. */
  end(reason: Error): void {
    this.#ended.abort(reason);
    endStreams(this.#cores, reason);
  }
}
