import { type Timer, Timers } from './timers.ts';

/** A timer that fires this late means that the process was stopped, or too busy to read what its peers sent. */
export const LATE_MS = 500;

/** Time and chance, so that a test can have its own. */
export interface Clock {
  /** Milliseconds since some moment in the past; never goes back. */
  now(): number;
  /** Calls `work` once, after `ms`. */
  after(ms: number, work: () => void): Timer;
  /** A number from 0 to 1, exclusive. */
  random(): number;
}

/** The clock of one database, whose timers end with it. */
export function clockOf(timers: Timers): Clock {
  return {
    now: () => performance.now(),
    after: (ms, work) => timers.after(ms, work),
    random: () => Math.random(),
  };
}

/** The clock of what databases share. Its timers alone do not keep the process running. */
export const processClock: Clock = clockOf(new Timers(false));
