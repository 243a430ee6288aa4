import { ServerError } from '../../protocol/error.ts';

/** How much a single query may read: several seconds of work, during which nobody else gets an answer. */
const MAX_READS = 5_000_000;

/** This many triples returned by a read cost as much as the read itself. */
const TRIPLES_PER_READ = 8;

/** Counts what a query reads, so that none can block everyone else indefinitely. */
export class ReadBudget {
  readonly #max: number;
  #left: number;

  constructor(max: number = MAX_READS) {
    this.#max = max;
    this.#left = max;
  }

  /**
   * Counts a read that returned this many triples.
   *
   * @throws {ServerError} `operation-timed-out` when the query has read too much.
   */
  take(triples: number): void {
    this.#left -= 1 + Math.floor(triples / TRIPLES_PER_READ);
    if (this.#left >= 0) return;
    const message = `Operation timed out: the query reads more than ${this.#max} times. Ask for fewer entities, with fewer conditions, or index what the conditions are on.`;
    throw new ServerError('operation-timed-out', message, { 'max-reads': this.#max });
  }
}
