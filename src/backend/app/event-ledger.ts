import type { Account } from '../ephemeral/quota.ts';
import { LEDGER_ENTRY_BYTES, Ledger } from '../ledger/ledger.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';

/** The transactions of an app that are remembered by the names clients gave them, as far as the quota allows. */
export class EventLedger {
  readonly #ledger = new Ledger();

  /** The transaction with a name; undefined when there is none or it was forgotten. */
  find(key: LedgerKey): number | undefined {
    return this.#ledger.find(key);
  }

  /** Remembers a transaction. An ephemeral app forgets its oldest one in exchange when the quota has no room left. */
  remember(key: LedgerKey, txId: number, account: Account): void {
    const { size } = this.#ledger;
    this.#ledger.record(key, txId);
    if (this.#ledger.size > size && !account.keepBeside(LEDGER_ENTRY_BYTES)) this.#ledger.forgetOldest();
  }
}
