import type { Change } from '../store/undo-log.ts';

/** Follows the transactions of an app, besides its live queries. */
export interface CommitFollower {
  /** Takes note of what a transaction changed; returns whether there is something to send, see {@link wake}. */
  committed(txId: number, changes: readonly Change[]): boolean;
  /** Sends what is due: all of it is durable by now. */
  wake?(): void;
}
