import type { Timer, Timers } from '../timing/timers.ts';

/** How long an answer may take while the server says nothing at all, in milliseconds: core's timeout. */
const SILENCE_MS = 6_000;
/** The limit doubles after each silence up to this, so that a server that takes long over one write can finish it. */
const MAX_SILENCE_MS = 60_000;

/** A timer that fires this late means that the process was too busy to listen. */
const LATE_MS = 1_000;

/** What the watch does when a write was not answered in time. */
export interface AckWatchEvents {
  /** The promise of this write, if it has one, should not wait any longer; the write itself stays queued. */
  overdue(eventId: string): void;
  /** The server has been silent for `ms` although it owes an answer. */
  silent(ms: number): void;
}

/**
 * Watches over writes that were sent and not yet answered, with one timer for all of them.
 *
 * Core gives each write a timer of its own and, when it fires, drops the write and undoes it locally, although the
 * server may have committed it. Here a write is never dropped for silence: its promise stops waiting and resolves as
 * `enqueued`, the connection is renewed and the write is sent again.
 */
export class AckWatch {
  readonly #timers: Timers;
  readonly #events: AckWatchEvents;
  readonly #waiting = new Map<string, number>();
  #patience = SILENCE_MS;
  #heardAt = 0;
  #timer: Timer | undefined;

  constructor(timers: Timers, events: AckWatchEvents) {
    this.#timers = timers;
    this.#events = events;
  }

  /** A write was sent. */
  sent(eventId: string): void {
    if (this.#waiting.has(eventId)) return;
    this.#waiting.set(eventId, performance.now());
    this.#arm(this.#patience);
  }

  /** A write was answered, or no longer matters. */
  settled(eventId: string): void {
    // The timer keeps running: cancelled here, it would have to be restarted for nearly every write.
    this.#waiting.delete(eventId);
  }

  /** Whether a write was sent, and neither answered nor given up. */
  isWatching(eventId: string): boolean {
    return this.#waiting.has(eventId);
  }

  /** The server said something. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** The server answered a write: it works, and gets no extra patience. */
  answered(): void {
    if (this.#patience === SILENCE_MS) return;
    this.#patience = SILENCE_MS;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armForOldest(performance.now());
  }

  #arm(ms: number): void {
    const dueAt = performance.now() + ms;
    this.#timer ??= this.#timers.after(ms, () => {
      this.#timer = undefined;
      // A process that was busy for this long has not read what the server sent meanwhile.
      if (performance.now() - dueAt < LATE_MS) this.#check();
      else this.#arm(this.#patience);
    });
  }

  #check(): void {
    const now = performance.now();
    const silence = now - this.#heardAt;
    const limit = silence >= this.#patience ? this.#patience : MAX_SILENCE_MS;
    const overdue = [...this.#waiting].filter(([, sentAt]) => now - sentAt >= limit - 1);
    for (const [eventId] of overdue) {
      this.#waiting.delete(eventId);
      this.#events.overdue(eventId);
    }
    if (overdue.length > 0) {
      this.#patience = Math.min(this.#patience * 2, MAX_SILENCE_MS);
      this.#events.silent(silence);
    }
    this.#armForOldest(now);
  }

  #armForOldest(now: number): void {
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const left = this.#patience - (now - oldest);
    // An overdue write waits for a server that is sending: it is checked as often as the rest.
    this.#arm(left > 0 ? left : this.#patience);
  }
}
