/**
 * What the backend logs for its operator. Contains no token or stored value of its own accord, with one exception: the
 * magic codes that a server with a mail provider would send.
 */
export interface BackendLogEntry {
  /** `error` for a failure of the backend itself, `warning` for something to fix that stops nothing. */
  readonly level: 'info' | 'warning' | 'error';
  /** One sentence, for humans. */
  readonly message: string;
  /** The cause of a failure. */
  readonly error?: unknown;
}

/** A request that was answered, or a session event that was handled. Contains no tokens or stored values. */
export interface RequestEntry {
  /**
   * `POST /admin/query`, or the `op` of an event: `transact`. Path segments that identify a single thing are left out.
   */
  readonly what: string;
  /** The app it was for, if the request named one. */
  readonly appId: string | null;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** `ok`; for a failure, the kind of error or the HTTP status. */
  readonly outcome: string;
}
