/**
 * What the backend tells its operator. Holds no token and no stored value of its own accord, with one exception: the
 * magic codes that a server with a mail provider would send.
 */
export interface BackendLogEntry {
  /** `error` for a failure of the backend's own, `warning` for what should be put right and stops nothing. */
  readonly level: 'info' | 'warning' | 'error';
  /** One sentence, for people. */
  readonly message: string;
  /** What went wrong, for a failure. */
  readonly error?: unknown;
}

/** A request that was answered, or an event of a session that was handled. Holds no token and no stored value. */
export interface RequestEntry {
  /** `POST /admin/query`, or the `op` of an event: `transact`. What names a single thing in a path is left out. */
  readonly what: string;
  /** The app it was for, where it said so. */
  readonly appId: string | null;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** `ok`; of a failure, the kind of error or the HTTP status. */
  readonly outcome: string;
}
