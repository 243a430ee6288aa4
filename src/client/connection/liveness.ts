import type { Clock } from '../timing/clock.ts';
import type { Pulse, Watched } from './pulse.ts';

/** A slow link is taken to carry at least this much. */
const BYTES_PER_MS = 64;
/** As much may be on its way without being counted: it fits into the buffers of any system. */
const FREE_BYTES = 64 * 1_024;
/** What the systems between here and the peer may hold back, when it can be seen that they take more. */
const MOST_BUFFERED_BYTES = 4 * 1_024 * 1_024;
/** How often in the time for an answer its progress is looked at. */
const LOOKS = 8;

/** The limits of a silence, in milliseconds. */
export interface SilenceTimes {
  readonly silenceMs: number;
  readonly probeTimeoutMs: number;
}

/** What a {@link Liveness} needs to know and to do. */
export interface LivenessHost {
  readonly times: SilenceTimes;
  readonly clock: Pick<Clock, 'now'>;
  readonly pulse: Pick<Pulse, 'watch' | 'sooner'>;
  /** Bytes that have arrived, those of unfinished messages included; undefined where that cannot be seen. */
  receivedBytes(): number | undefined;
  /** Bytes that wait for the operating system. */
  bufferedBytes(): number;
  /** Bytes sent so far. */
  sentBytes(): number;
  /** Asks the peer for a sign of life. */
  probe(): void;
  /** The peer has shown none for `silentMs`. */
  dead(silentMs: number): void;
}

/**
 * Finds out whether the peer of an open connection is still there. A load balancer that has forgotten a flow, a pulled
 * cable and a stopped machine have in common that nothing is ever heard of them again.
 */
export class Liveness implements Watched {
  readonly #host: LivenessHost;
  readonly #unwatch: () => void;
  #heardAt: number;
  #received: number | undefined;
  #buffered: number;
  #sentWhenHeard: number;
  /** From when on the peer has had time to answer; undefined while it is not asked. */
  #askedAt: number | undefined;
  /** When the progress of what is under way is looked at next. */
  #lookAt = 0;

  constructor(host: LivenessHost) {
    this.#host = host;
    this.#heardAt = host.clock.now();
    this.#received = host.receivedBytes();
    this.#buffered = host.bufferedBytes();
    this.#sentWhenHeard = host.sentBytes();
    this.#unwatch = host.pulse.watch(this);
  }

  /** The peer has shown a sign of life. */
  heard(): void {
    this.#heardAt = this.#host.clock.now();
    // What has come until now is not a sign of life again when it is looked at next.
    this.#received = this.#host.receivedBytes();
    this.#sentWhenHeard = this.#host.sentBytes();
    this.#askedAt = undefined;
  }

  /** Something that should have come has not: asks at once. */
  suspect(): void {
    if (this.#askedAt === undefined) this.#ask();
  }

  /** The connection is over. */
  stop(): void {
    this.#unwatch();
  }

  dueAt(): number {
    if (this.#askedAt === undefined) return this.#heardAt + this.#host.times.silenceMs;
    return Math.min(this.#lookAt, this.#deadAt());
  }

  check(wasAway: boolean): void {
    this.#look();
    const { clock, times } = this.#host;
    const now = clock.now();
    this.#lookAt = now + times.probeTimeoutMs / LOOKS;
    if (this.#askedAt === undefined) {
      // Early by less than a second, for the sake of a common timer.
      if (wasAway || now - this.#heardAt >= times.silenceMs - Math.min(1_000, times.silenceMs / 4))
        this.#ask();
    } else if (wasAway) this.#askedAt = now;
    else if (now >= this.#deadAt()) this.#host.dead(now - this.#heardAt);
  }

  #ask(): void {
    const { clock, times } = this.#host;
    this.#askedAt = clock.now();
    this.#lookAt = this.#askedAt + times.probeTimeoutMs / LOOKS;
    this.#host.probe();
    this.#host.pulse.sooner(this);
  }

  /** Bytes that come or go are a sign of life, too. */
  #look(): void {
    const received = this.#host.receivedBytes();
    const buffered = this.#host.bufferedBytes();
    // Into empty buffers a system takes what is sent even if the peer is gone.
    const isTaken = this.#buffered > 0 && buffered < this.#buffered;
    if (received !== this.#received) this.heard();
    else if (isTaken) {
      const asked = this.#askedAt;
      this.#heardAt = this.#host.clock.now();
      this.#askedAt = asked === undefined ? undefined : this.#heardAt;
    }
    this.#received = received;
    this.#buffered = buffered;
  }

  #deadAt(): number {
    const { times, sentBytes } = this.#host;
    const underWay = Math.max(0, sentBytes() - this.#sentWhenHeard - FREE_BYTES);
    // Where bytes that arrive are seen, the peer's answer cannot be large and unnoticed.
    const counted = this.#received === undefined ? underWay : Math.min(underWay, MOST_BUFFERED_BYTES);
    return (this.#askedAt ?? 0) + times.probeTimeoutMs + counted / BYTES_PER_MS;
  }
}
