/**
 * What a connection is doing.
 *
 * ```text
 *            start              opened               accepted
 *   idle ───────────▶ connecting ─────▶ authenticating ─────▶ open
 *    ▲                 ▲  │ ended             │ ended          │ ended
 *    │ offline         │  ▼                   ▼                ▼
 *    │           start └─ waiting ◀───────────┴────────────────┘
 *    │                 ▲
 *    │           start └─ refused ◀── refused, from each of the three above
 *   all but closed                                all ── close ──▶ closed
 * ```
 */
export type ConnectionPhase =
  /** There is no network, or no try yet. */
  | 'idle'
  /** The connection is being opened. */
  | 'connecting'
  /** It is open, and the server was asked for a session. */
  | 'authenticating'
  /** There is a session. */
  | 'open'
  /** The last connection has ended, and the next try is due later. */
  | 'waiting'
  /** The server refuses the session; it is asked again later. */
  | 'refused'
  /** The database is closed. */
  | 'closed';

/** What may happen to a connection. */
export type ConnectionEvent = 'start' | 'opened' | 'accepted' | 'refused' | 'ended' | 'offline' | 'close';

/** What each event makes of each phase. An event that is not named changes nothing: it is late, or was expected. */
export const TRANSITIONS: Readonly<
  Record<ConnectionPhase, Readonly<Partial<Record<ConnectionEvent, ConnectionPhase>>>>
> = {
  idle: { start: 'connecting', close: 'closed' },
  connecting: {
    opened: 'authenticating',
    refused: 'refused',
    ended: 'waiting',
    offline: 'idle',
    close: 'closed',
  },
  // Another may be started in its place, for another user.
  authenticating: {
    start: 'connecting',
    accepted: 'open',
    refused: 'refused',
    ended: 'waiting',
    offline: 'idle',
    close: 'closed',
  },
  open: { start: 'connecting', refused: 'refused', ended: 'waiting', offline: 'idle', close: 'closed' },
  waiting: { start: 'connecting', refused: 'refused', offline: 'idle', close: 'closed' },
  refused: { start: 'connecting', offline: 'idle', close: 'closed' },
  closed: {},
};

/** The phase that follows; undefined when the event changes nothing. */
export function phaseAfter(phase: ConnectionPhase, event: ConnectionEvent): ConnectionPhase | undefined {
  return TRANSITIONS[phase][event];
}
