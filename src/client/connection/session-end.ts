/** How a connection ended. */
export interface SessionEnd {
  /** The close code of the WebSocket; 1006 when it ended without one, or was an event stream. */
  readonly code: number;
  /** What the peer said with it; empty if nothing. */
  readonly reason: string;
  /** Whether this side ended it: closed it, or dropped it for silence. */
  readonly isOurs: boolean;
}
