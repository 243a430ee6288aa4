import type { DiagnosticsError } from './channel-payloads.ts';
import type { HeardChannel } from './heard-channel.ts';

/** What a trace finds out by its end. */
export interface TraceOutcome {
  durationMs?: number;
  error?: DiagnosticsError;
}

/** Where it is told how a trace goes on. */
export interface TraceEnds<Trace extends object> {
  readonly end: HeardChannel<Trace>;
  readonly asyncStart: HeardChannel<Trace>;
  readonly asyncEnd: HeardChannel<Trace>;
  readonly error: HeardChannel<Trace>;
}

/** Something that is traced, has begun, and is told of until it is over. */
export class OngoingTrace<Trace extends TraceOutcome> {
  /** What is told: what is found out later is put on it. */
  readonly trace: Trace;
  readonly #ends: TraceEnds<Trace>;
  readonly #begunAt: number = performance.now();
  #hasReturned = false;
  #outcome: { readonly error: DiagnosticsError | undefined } | undefined;

  constructor(trace: Trace, ends: TraceEnds<Trace>) {
    this.trace = trace;
    this.#ends = ends;
  }

  /** Whether it is over, told of or not. */
  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** The call that began it returns, or throws. What was over by then is told after that. */
  returned(): void {
    if (this.#hasReturned) return;
    this.#hasReturned = true;
    this.#ends.end.publish(this.trace);
    if (this.#outcome) this.#tell(this.#outcome.error);
  }

  /** It is over, with an error if it failed. Only the first call counts. */
  over(error?: DiagnosticsError): void {
    if (this.#outcome) return;
    this.#outcome = { error };
    this.trace.durationMs = performance.now() - this.#begunAt;
    if (this.#hasReturned) this.#tell(error);
  }

  #tell(error: DiagnosticsError | undefined): void {
    if (error) {
      this.trace.error = error;
      this.#ends.error.publish(this.trace);
    }
    this.#ends.asyncStart.publish(this.trace);
    this.#ends.asyncEnd.publish(this.trace);
  }
}
