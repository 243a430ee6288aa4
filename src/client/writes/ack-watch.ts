import type { Timer, Timers } from '../timing/timers.ts';

const SILENCE_MS = 6_000;
/** The limit doubles after each silence up to this, so that a server that takes long over one write can finish it. */
const MAX_SILENCE_MS = 60_000;

/** How long the loop is left to read what lies in the socket, before a write counts as not answered. */
const GRACE_MS = 100;
/** A timer that fires this late means that the loop was blocked, and may not have read what the server sent. */
const BLOCKED_MS = 50;
/** How often in a row that is believed: a process that is never free has read its socket in between. */
const MOST_GRACES = 20;

/** What the watch does when a write was not answered in time. */
export interface AckWatchEvents {
  /** The promise of this write, if it has one, should not wait any longer; the write itself stays queued. */
  overdue(eventId: string): void;
  /** The server has been silent for `ms` although it owes an answer, and may be gone. */
  suspectSilence(ms: number): void;
}

/**
 * Watches over writes that were sent and not yet answered, with one timer for all of them.
 *
 * Core gives each write a timer of its own and, when it fires, drops the write and undoes it locally, although the
 * server may have committed it. Here a write is never dropped for silence: its promise stops waiting and resolves as
 * `enqueued`. What becomes of the connection is for others to find out.
 *
 * A timer says nothing of what has arrived: of a process that was stopped, or whose loop was blocked, timers fire before
 * sockets are read. So the verdict waits until the loop was free for a moment.
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
    this.#timer ??= this.#timers.after(ms, () => {
      this.#timer = undefined;
      if (this.#isAnyOverdue()) this.#checkOnceFree(MOST_GRACES);
      else this.#armForOldest(performance.now());
    });
  }

  /** Checks once the loop was free for a moment, and has thereby read what lay in the socket. */
  #checkOnceFree(graces: number): void {
    const dueAt = performance.now() + GRACE_MS;
    this.#timer = this.#timers.after(GRACE_MS, () => {
      this.#timer = undefined;
      const wasBlocked = performance.now() - dueAt >= BLOCKED_MS;
      if (wasBlocked && graces > 1) this.#checkOnceFree(graces - 1);
      else this.#check();
    });
  }

  #check(): void {
    const now = performance.now();
    const overdue = this.#overdue(now);
    for (const eventId of overdue) {
      this.#waiting.delete(eventId);
      this.#events.overdue(eventId);
    }
    if (overdue.length > 0) {
      this.#patience = Math.min(this.#patience * 2, MAX_SILENCE_MS);
      this.#events.suspectSilence(now - this.#heardAt);
    }
    this.#armForOldest(now);
  }

  #isAnyOverdue(): boolean {
    const now = performance.now();
    const [oldest] = this.#waiting.values();
    return oldest !== undefined && now - oldest >= this.#limit(now) - 1;
  }

  #overdue(now: number): string[] {
    const limit = this.#limit(now);
    return [...this.#waiting].filter(([, sentAt]) => now - sentAt >= limit - 1).map(([eventId]) => eventId);
  }

  /** How long a write may wait: longer while the server is heard, since it then works. */
  #limit(now: number): number {
    return now - this.#heardAt >= this.#patience ? this.#patience : MAX_SILENCE_MS;
  }

  #armForOldest(now: number): void {
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const left = this.#patience - (now - oldest);
    // An overdue write waits for a server that is sending: it is checked as often as the rest.
    this.#arm(left > 0 ? left : this.#patience);
  }
}
