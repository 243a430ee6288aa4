import type { LedgerKey } from './ledger-key.ts';
import { hashOf, LedgerSegment, SEGMENT_ENTRIES } from './segment.ts';

/** How many transactions an app remembers. */
export const LEDGER_LIMIT = 1_000_000;

/** What one of them takes at most, in bytes, in memory as in a file. */
export const LEDGER_ENTRY_BYTES = 40;

interface Numbered {
  readonly segment: LedgerSegment;
  /** The number of its first entry, counted from the first that the ledger ever took in. */
  readonly first: number;
}

/**
 * Which transactions an app has applied, by the client's name for them (`client-event-id`), and under which tx-id.
 * A client that lost its connection before the answer sends the transaction again; it is recognised here, and
 * happens once.
 *
 * The last 1,000,000 are remembered. They lie in segments, of which one grows: no single transaction pays for moving
 * them all, and the oldest are given up as a segment.
 */
export class Ledger {
  /** Oldest first. */
  readonly #segments: Numbered[] = [];
  /** The number of the next entry, */
  #end = 0;
  /** and of the oldest that still counts. */
  #start = 0;

  /** How many transactions are remembered. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** The tx-id under which this transaction was applied, if it was. */
  find(key: LedgerKey): number | undefined {
    const hash = hashOf(key);
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const { segment, first } = this.#segments[i] as Numbered;
      const place = segment.find(key, hash);
      if (place !== undefined) return first + place < this.#start ? undefined : segment.txIdAt(place);
    }
    return undefined;
  }

  /** Notes that a transaction was applied that is not remembered, and forgets the oldest when there are too many. */
  record(key: LedgerKey, txId: number): void {
    this.#newest().add(key, hashOf(key), txId);
    this.#end++;
    if (this.size > LEDGER_LIMIT) this.forgetOldest();
  }

  /** Forgets one. */
  forgetOldest(): void {
    this.#start = Math.min(this.#start + 1, this.#end);
    const [oldest] = this.#segments;
    if (oldest && oldest.first + oldest.segment.size <= this.#start) this.#segments.shift();
  }

  #newest(): LedgerSegment {
    const last = this.#segments.at(-1)?.segment;
    if (last && last.size < SEGMENT_ENTRIES) return last;
    const segment = new LedgerSegment();
    this.#segments.push({ segment, first: this.#end });
    return segment;
  }
}
