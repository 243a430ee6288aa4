import { strictEqual } from 'node:assert';
import type { InstantNodeDatabase } from '@instantdb/node';
import type { Schema } from '../schema.ts';
import { textOf } from '../text-of.ts';

const LETTERS = ['a', 'é', '€', '😀', '\n'];

/** A stream that one client writes and another reads, all through a schedule. */
export class Tale {
  readonly #clientId: string;
  readonly #writer: WritableStreamDefaultWriter<string>;
  readonly #read: Promise<string>;
  #text = '';
  /** How far the check has come. */
  stage = 'writing';

  constructor(writing: InstantNodeDatabase<Schema>, reading: InstantNodeDatabase<Schema>, clientId: string) {
    this.#clientId = clientId;
    this.#writer = writing.streams.createWriteStream({ clientId }).getWriter();
    this.#writer.closed.catch(() => {});
    // Whoever reads a stream that is not there yet is refused.
    this.#read = this.#writer
      .write('Once ')
      .then(() => textOf(reading.streams.createReadStream({ clientId })));
    this.#read.catch(() => {});
    this.#text = 'Once ';
  }

  append(n: number): void {
    const chunk = `${n}${LETTERS[n % LETTERS.length] ?? ''}`;
    this.#text += chunk;
    this.#writer.write(chunk).catch(() => {});
  }

  /** Ends the stream, and compares what was read of it meanwhile, and what is there, with what was written. */
  async check(fresh: InstantNodeDatabase<Schema>): Promise<void> {
    this.stage = 'closing';
    await this.#writer.close();
    this.stage = 'reading';
    strictEqual(await this.#read, this.#text, 'what was read of the stream meanwhile');
    this.stage = 'reading anew';
    strictEqual(
      await textOf(fresh.streams.createReadStream({ clientId: this.#clientId })),
      this.#text,
      'what the stream holds',
    );
  }
}
