import { ServerError } from '../../protocol/error.ts';

/** How much one query may read: some seconds of work, for which nobody else is answered. */
const MAX_READS = 5_000_000;

/** So many triples that come out of one read cost as much as the read. */
const TRIPLES_PER_READ = 8;

/** Counts what a query reads, so that none holds up everybody else for good. */
export class ReadBudget {
  readonly #max: number;
  #left: number;

  constructor(max: number = MAX_READS) {
    this.#max = max;
    this.#left = max;
  }

  /**
   * Counts a read that gave so many triples.
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
