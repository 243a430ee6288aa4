import type { Clock } from '../timing/clock.ts';
import type { Timer } from '../timing/timers.ts';

/** How long a try may keep its place: one that hangs should not hold up others. */
const PLACE_MS = 2_000;
/** The rate is kept within each span of this length. */
const SPAN_MS = 100;

/** A database that wants to connect. */
export interface Contender {
  /** Begins its try, now. */
  go(): void;
}

/** How many may try at a time, and in a second. */
export interface GateLimits {
  readonly maxConnecting: number;
  readonly maxConnectsPerSecond: number;
}

/** The try of the one that finds out whether a host is back. */
type Lead = { by: Contender; isTrying: boolean; retryAt: number };

/**
 * What the databases of a process know together of one host. While it is down, one of them tries; when it is back, the
 * others follow, a few at a time.
 */
export class HostGate {
  readonly #limits: GateLimits;
  readonly #clock: Clock;
  /** Those that wait for their turn, in order. */
  readonly #queue: Set<Contender> = new Set();
  /** Those that try, with the timer that takes their place away. */
  readonly #places: Map<Contender, Timer> = new Map();
  /** When the latest tries began. */
  #starts: number[] = [];
  readonly #beganAt: WeakMap<Contender, number> = new WeakMap();
  /** When the host last accepted a session. */
  #acceptedAt = Number.NEGATIVE_INFINITY;
  /** While the host is down. */
  #lead: Lead | undefined;
  #isDown = false;
  #timer: Timer | undefined;

  constructor(limits: GateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Lets it try as soon as it may, in this turn if that is now. */
  ask(contender: Contender): void {
    this.#queue.add(contender);
    if (this.#lead?.by === contender) this.#begin(contender);
    else this.#proceed();
  }

  /** Lets it try now, whatever the others do: a user has asked for it. */
  force(contender: Contender): void {
    this.#begin(contender);
  }

  /** There is a reason to hope: the network is back. */
  hope(): void {
    this.#isDown = false;
    this.#lead = undefined;
  }

  /** The host has accepted its session. */
  succeeded(contender: Contender): void {
    this.#free(contender);
    this.#acceptedAt = this.#clock.now();
    this.#isDown = false;
    this.#lead = undefined;
    this.#proceed();
  }

  /**
   * The host did not answer it. Returns whether it is the one that tries again, after a delay of its own, which it
   * should tell by `leads`; otherwise it waits in line until the host is back.
   */
  failed(contender: Contender): boolean {
    this.#free(contender);
    // A try from before the host was back says nothing of it.
    if ((this.#beganAt.get(contender) ?? 0) < this.#acceptedAt) return true;
    this.#isDown = true;
    if (this.#lead && this.#lead.by !== contender) {
      this.#queue.add(contender);
      return false;
    }
    this.#lead = { by: contender, isTrying: false, retryAt: Number.POSITIVE_INFINITY };
    return true;
  }

  /** When the one that tries for all will try again. */
  leads(contender: Contender, retryAt: number): void {
    if (this.#lead?.by === contender) this.#lead.retryAt = retryAt;
  }

  /** It does not want to connect any more, or failed for a reason of its own: another takes its place. */
  withdraw(contender: Contender): void {
    this.#queue.delete(contender);
    this.#free(contender);
    const lead = this.#lead;
    if (lead?.by === contender) {
      this.#lead = undefined;
      const [next] = this.#queue;
      if (next && !lead.isTrying && Number.isFinite(lead.retryAt)) {
        this.#inherit(next, lead.retryAt);
        return;
      }
    }
    this.#proceed();
  }

  /** The next one tries when the last would have. */
  #inherit(next: Contender, retryAt: number): void {
    this.#lead = { by: next, isTrying: false, retryAt };
    this.#wake(retryAt - this.#clock.now());
  }

  #proceed(): void {
    if (this.#isDown) {
      const [next] = this.#queue;
      if (this.#lead === undefined && next) this.#begin(next);
      return;
    }
    for (const contender of this.#queue) {
      if (this.#places.size >= this.#limits.maxConnecting) return;
      const waitMs = this.#untilRate();
      if (waitMs > 0) {
        this.#wake(waitMs);
        return;
      }
      this.#begin(contender);
    }
  }

  #begin(contender: Contender): void {
    this.#queue.delete(contender);
    this.#free(contender);
    if (this.#isDown && (this.#lead === undefined || this.#lead.by === contender)) {
      this.#lead = { by: contender, isTrying: true, retryAt: 0 };
    }
    const now = this.#clock.now();
    this.#starts.push(now);
    this.#beganAt.set(contender, now);
    const place = this.#clock.after(PLACE_MS, () => {
      this.#places.delete(contender);
      this.#proceed();
    });
    this.#places.set(contender, place);
    contender.go();
  }

  #free(contender: Contender): void {
    this.#places.get(contender)?.cancel();
    this.#places.delete(contender);
  }

  /** How long until another may begin. */
  #untilRate(): number {
    const now = this.#clock.now();
    const most = Math.max(1, Math.floor((this.#limits.maxConnectsPerSecond * SPAN_MS) / 1_000));
    // A rate below one in each span makes the span longer.
    const spanMs = Math.max(SPAN_MS, 1_000 / this.#limits.maxConnectsPerSecond);
    this.#starts = this.#starts.filter((at) => now - at < spanMs).slice(-most);
    const [oldest] = this.#starts;
    return this.#starts.length < most || oldest === undefined ? 0 : Math.max(oldest + spanMs - now, 1);
  }

  #wake(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(ms, 0), () => {
      this.#timer = undefined;
      const lead = this.#lead;
      if (lead && !lead.isTrying && this.#queue.has(lead.by)) this.#begin(lead.by);
      else this.#proceed();
    });
  }
}
