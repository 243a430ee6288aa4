import { isUuid } from '../protocol/uuid.ts';

/** A transaction that the ledger took in. */
export interface LedgerEntry {
  readonly clientEventId: string;
  /** The one that it let go for it. */
  readonly forgotten: string | undefined;
}

/** How many transactions an app remembers. */
export const LEDGER_LIMIT = 10_000;

/**
 * Which transactions an app has applied, by the client's name for them (`client-event-id`), and under which tx-id.
 * A client that lost its connection before the answer sends the transaction again; it is recognised here, and
 * happens once.
 *
 * The last 10,000 are remembered. Only names that are UUIDs count, as clients make them: a name such as `"1"`,
 * typed by hand, may well be used twice for two different things.
 */
export class Ledger {
  readonly #applied = new Map<string, number>();

  /** The tx-id under which this transaction was applied, if it was. */
  find(clientEventId: unknown): number | undefined {
    return typeof clientEventId === 'string' ? this.#applied.get(clientEventId) : undefined;
  }

  /**
   * Notes that a transaction was applied, and forgets the oldest when there are too many. Gives what it noted;
   * undefined when the name does not count.
   */
  record(clientEventId: unknown, txId: number): LedgerEntry | undefined {
    if (!isUuid(clientEventId)) return undefined;
    this.#applied.set(clientEventId, txId);
    if (this.#applied.size <= LEDGER_LIMIT) return { clientEventId, forgotten: undefined };
    const [forgotten] = this.#applied.keys();
    if (forgotten !== undefined) this.#applied.delete(forgotten);
    return { clientEventId, forgotten };
  }
}
