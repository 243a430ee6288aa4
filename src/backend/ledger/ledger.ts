import type { LedgerKey } from './ledger-key.ts';
import { hashOf, LedgerSegment, SEGMENT_ENTRIES } from './segment.ts';

/** How many transactions an app remembers. */
export const LEDGER_LIMIT = 1_000_000;

/** The most that one entry takes, in bytes, both in memory and in a file. */
export const LEDGER_ENTRY_BYTES = 40;

interface Numbered {
  readonly segment: LedgerSegment;
  /** The number of its first entry, counted from the first entry ever recorded. */
  readonly first: number;
}

/**
 * Remembers which transactions an app has applied, by the client's name for them (`client-event-id`), and their tx-ids.
 * A client that lost its connection before the answer resends the transaction; it is recognized here and applied only
 * once.
 *
 * The last 1,000,000 are remembered. They are stored in segments, only the newest of which grows: no single transaction
 * pays for moving them all, and the oldest are dropped a segment at a time.
 */
export class Ledger {
  /** Oldest first. */
  readonly #segments: Numbered[] = [];
  /** The number of the next entry. */
  #end = 0;
  /** The number of the oldest entry that still counts. */
  #start = 0;

  /** How many transactions are remembered. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** The tx-id with which this transaction was applied, if it was. */
  find(key: LedgerKey): number | undefined {
    const hash = hashOf(key);
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const { segment, first } = this.#segments[i] as Numbered;
      const place = segment.find(key, hash);
      if (place !== undefined) return first + place < this.#start ? undefined : segment.txIdAt(place);
    }
    return undefined;
  }

  /** Records a newly applied transaction, and forgets the oldest beyond the limit. */
  record(key: LedgerKey, txId: number): void {
    this.#newest().add(key, hashOf(key), txId);
    this.#end++;
    if (this.size > LEDGER_LIMIT) this.forgetOldest();
  }

  /** Forgets the oldest transaction. */
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
