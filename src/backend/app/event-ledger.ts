import type { Account } from '../ephemeral/quota.ts';
import { LEDGER_ENTRY_BYTES, Ledger } from '../ledger/ledger.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';

/** The transactions of an app that are remembered by the names that clients gave them, as far as there is room. */
export class EventLedger {
  readonly #ledger = new Ledger();

  /** The transaction of a name; undefined when there is none, or it is forgotten. */
  find(key: LedgerKey): number | undefined {
    return this.#ledger.find(key);
  }

  /** Remembers a transaction; an ephemeral app forgets another one for it when the others have left no room. */
  remember(key: LedgerKey, txId: number, account: Account): void {
    const { size } = this.#ledger;
    this.#ledger.record(key, txId);
    if (this.#ledger.size > size && !account.keepBeside(LEDGER_ENTRY_BYTES)) this.#ledger.forgetOldest();
  }
}
