import type { InstantNodeError } from '../../errors.ts';
import type { ConnectionPhase } from './connection-state.ts';

/**
 * What a connection is doing, and why: `db.connection`. It is a snapshot, which does not change. Times are of this
 * machine's clock.
 */
export interface ConnectionInfo {
  /**
   * - `idle`: there is no network, or no try yet.
   * - `connecting`, `authenticating`: a connection is being opened; the server was asked for a session.
   * - `open`: there is a session.
   * - `waiting`: the last connection has ended, and the next try is due at `retryAt`, or once another database of this
   *   process has found the host to be back.
   * - `refused`: the server refuses the session; it is asked again at `retryAt`.
   * - `closed`: the database is closed.
   */
  readonly state: ConnectionPhase;
  /** Since when. */
  readonly since: Date;
  /** How many tries there were since the last session; 0 while there is one. */
  readonly attempt: number;
  /** When the next try is due; undefined when none is, or when it depends on another database of the process. */
  readonly retryAt: Date | undefined;
  /** Why there is no session: how the last connection ended, or what the server said. */
  readonly cause: InstantNodeError | undefined;
  /** The close code and reason of the last connection that ended, which may long be past. */
  readonly lastClose: { readonly code: number; readonly reason: string; readonly at: Date } | undefined;
  /** The last failure of a connection, which may long be past. */
  readonly lastError: InstantNodeError | undefined;
  /** When the server last said something. */
  readonly lastMessageAt: Date | undefined;
  /** How long the server took to answer the last probe, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** What the connection is made over; undefined before the first. */
  readonly transport: 'websocket' | 'sse' | undefined;
}
