/** What the apps of one backend share, handed in so that none of them reaches for a clock or for chance. */
export interface BackendHost {
  /** The time in epoch milliseconds. */
  now(): number;
  /** A UUID that was never given before. */
  newId(): string;
  /** The id of the next transaction, over all apps: each call gives a larger one. */
  nextTxId(): number;
  /** Tells the operator of a failure that is the backend's own. */
  report(doing: string, error: unknown): void;
}
