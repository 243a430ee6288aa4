import type { Change } from '../store/undo-log.ts';

/** Goes by the transactions of an app, beside its live queries. */
export interface CommitFollower {
  /** Takes in what a transaction changed, and says whether there is something to send, see {@link wake}. */
  committed(txId: number, changes: readonly Change[]): boolean;
  /** Sends what there is to send: none of it can be lost any more. */
  wake?(): void;
}
