import { backoffMs } from '../../backoff.ts';
import { InstantNodeError } from '../../errors.ts';
import { FlushRound, type JournalParts, type RoundOutcome } from './flush-round.ts';
import { FlushSchedule } from './flush-schedule.ts';

/** How long a write that waits for its answer stays unsaved: most are answered before that. Core waits as long. */
const LAZY_MS = 100;
const MAX_RETRY_MS = 5_000;
/**
 * With this many delivered writes still in the storage, delivery pauses: a process that is killed sends them all again.
 */
const MOST_DELIVERED = 1_000;

/** Whether rounds may begin: not before the journal knows whose writes it has, and not after it was stopped. */
type Phase = 'held' | 'running' | 'stopped';

/** Whether the last round was saved. */
type Health =
  | { is: 'working' }
  | {
      is: 'failing';
      /** Why the last round failed. */
      cause: unknown;
      /** How many rounds have failed in a row. */
      failures: number;
      /** Whether it was reported since the storage last worked. */
      isReported: boolean;
    };

const NO_FAILURE = { failures: 0, isReported: false };

/** What the flusher calls as saving proceeds. */
export interface FlusherEvents {
  report(error: InstantNodeError): void;
  /** Something was saved, or could not be. */
  onOutcome(): void;
}

/**
 * Decides when a journal saves what it has: one round at a time. What changes during a round is saved together in the
 * next, unless a caller waits for it. A round that fails is tried again with a growing backoff, and reported once.
 */
export class JournalFlusher {
  readonly #parts: JournalParts;
  readonly #events: FlusherEvents;
  readonly #schedule: FlushSchedule = new FlushSchedule(() => void this.#begin());
  #phase: Phase = 'held';
  #health: Health = { is: 'working' };
  /** The current round. */
  #round: Promise<void> | undefined;

  constructor(parts: JournalParts, events: FlusherEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /**
   * Whether so many removals wait that nothing more should be delivered until some are done. Never while the storage
   * fails: that may last, and is reported. Nor where each removal costs as much as rewriting everything stored.
   */
  get isBehind(): boolean {
    const { records, recorded, unsaved } = this.#parts;
    if (this.#health.is === 'failing' || this.#phase === 'stopped' || !records.maxBatch) return false;
    return unsaved.removals + recorded.removalsInFlight >= MOST_DELIVERED;
  }

  /** Rounds may begin from now on. */
  start(): void {
    if (this.#phase === 'held') this.#phase = 'running';
  }

  /** No further round begins, and the current one ends with its piece. */
  stop(): void {
    this.#phase = 'stopped';
    this.#schedule.stop();
  }

  /** Begins a round at the end of this turn. A current one notices who waits. */
  soon(): void {
    if (!this.#round) this.#schedule.soon();
  }

  /** Begins a round in a moment, or with the next that cannot wait. */
  later(): void {
    const failures = this.#health.is === 'failing' ? this.#health.failures : 0;
    this.#schedule.later(backoffMs(failures, { first: LAZY_MS, most: MAX_RETRY_MS }));
  }

  /** Resolves once the current round has ended. Never rejects. */
  async settled(): Promise<void> {
    await this.#round;
  }

  /** Saves what is unsaved; rejects when that fails. Does nothing before `start`. */
  async flush(): Promise<void> {
    while (this.#round || (!this.#parts.unsaved.isEmpty && this.#phase === 'running')) {
      await (this.#round ?? this.#begin());
      if (this.#health.is === 'failing') throw this.#health.cause;
    }
  }

  #begin(): Promise<void> {
    this.#schedule.done();
    if (this.#parts.unsaved.isEmpty || this.#phase !== 'running') return Promise.resolve();
    this.#round ??= this.#saveRound();
    return this.#round;
  }

  async #saveRound(): Promise<void> {
    const { unsaved, waiters } = this.#parts;
    const outcome = await new FlushRound(this.#parts, {
      isBehind: () => this.isBehind,
      isStopped: () => this.#phase === 'stopped',
      pieceDone: () => this.#events.onOutcome(),
    }).run();
    unsaved.end();
    this.#round = undefined;
    this.#note(outcome);
    this.#events.onOutcome();
    if (waiters.size > 0 || this.isBehind) this.soon();
    else if (!unsaved.isEmpty) this.later();
  }

  #note(outcome: RoundOutcome): void {
    if (outcome.is === 'saved') {
      this.#health = { is: 'working' };
      return;
    }
    const { cause, retried } = outcome;
    const { failures, isReported } = this.#health.is === 'failing' ? this.#health : NO_FAILURE;
    const mustReport = !isReported && retried !== 'nothing' && this.#phase !== 'stopped';
    if (mustReport) this.#reportFailure(cause, retried);
    this.#health = { is: 'failing', cause, failures: failures + 1, isReported: isReported || mustReport };
  }

  #reportFailure(cause: unknown, retried: 'removals' | 'writes'): void {
    const message =
      retried === 'writes'
        ? 'Cannot save pending writes to the storage: kept in memory, and tried again'
        : 'Cannot remove writes that are done from the storage: tried again. A restart before that sends them once more';
    this.#events.report(new InstantNodeError('storage', message, { cause }));
  }
}
