/** A way through the proxy: `up` from the client to the backend, `down` back. */
export type Direction = 'up' | 'down';

/** Both ways. */
export const DIRECTIONS: readonly Direction[] = ['up', 'down'];

/** What is wrong with one direction. */
export interface LaneFaults {
  /** How much later everything arrives, in milliseconds. */
  latencyMs: number;
  /** Whether nothing arrives. What was sent is kept, the end of a connection too, and arrives later: so TCP has it. */
  isHeld: boolean;
  /** How much arrives in a second. Whoever sends more notices it as with any slow reader: by what it cannot get rid of. */
  bytesPerSecond: number;
  /** How much arrives at a time. */
  chunkBytes: number;
}

/** Nothing is wrong. */
export const NO_FAULTS: LaneFaults = {
  latencyMs: 0,
  isHeld: false,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  chunkBytes: Number.POSITIVE_INFINITY,
};

/** What has arrived over a lane. */
export interface LaneCounts {
  bytes: number;
  /** Whole WebSocket frames, those of pings and closes included. */
  frames: number;
}
