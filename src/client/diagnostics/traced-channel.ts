import { HeardChannel } from './heard-channel.ts';
import { OngoingTrace, type TraceEnds, type TraceOutcome } from './ongoing-trace.ts';

/**
 * Five channels that tell of something from its beginning to its end, under the names that `tracingChannel` has for
 * them: `start`, `end` when the call has returned, `error` if it fails, `asyncStart` and `asyncEnd` when it is over.
 */
// Not by a TracingChannel: its `tracePromise` adds the result to what is told, here a user's data, and Bun's (1.4.5)
// does not know whether it has subscribers.
export class TracedChannel<Trace extends TraceOutcome> {
  readonly #start: HeardChannel<Trace>;
  readonly #ends: TraceEnds<Trace>;

  constructor(name: string) {
    const part = (event: string, printedAs?: string): HeardChannel<Trace> =>
      new HeardChannel(`tracing:${name}:${event}`, printedAs);
    this.#start = part('start', `${name} begins`);
    this.#ends = {
      end: part('end'),
      asyncStart: part('asyncStart'),
      asyncEnd: part('asyncEnd', `${name} is over`),
      error: part('error'),
    };
  }

  /** Whether anything of what begins now would get to anybody. */
  get isHeard(): boolean {
    const { end, asyncStart, asyncEnd, error } = this.#ends;
    return this.#start.isHeard || asyncEnd.isHeard || error.isHeard || end.isHeard || asyncStart.isHeard;
  }

  /** Something begins. */
  begin(trace: Trace): OngoingTrace<Trace> {
    const ongoing = new OngoingTrace(trace, this.#ends);
    this.#start.publish(ongoing.trace);
    return ongoing;
  }

  /** As {@link begin}, and `call` runs within the stores that are bound to the start. */
  within<Result>(trace: Trace, call: (ongoing: OngoingTrace<Trace>) => Result): Result {
    const ongoing = new OngoingTrace(trace, this.#ends);
    return this.#start.runStores(ongoing.trace, () => call(ongoing));
  }
}
