import type {
  DiagnosticsChannels,
  DiagnosticsError,
  DiagnosticsPlace,
  DiagnosticsTraces,
} from './channel-payloads.ts';
import { errorKind } from './error-kind.ts';
import { HeardChannel } from './heard-channel.ts';
import type { OngoingTrace } from './ongoing-trace.ts';
import { TracedChannel } from './traced-channel.ts';

type Told = { readonly [Name in keyof DiagnosticsChannels]: HeardChannel<DiagnosticsChannels[Name]> };
type Traced = { readonly [Name in keyof DiagnosticsTraces]: TracedChannel<DiagnosticsTraces[Name]> };

/** What a message has besides the place, which is added to it. */
type Subject<Payload> = Payload extends unknown ? Omit<Payload, keyof DiagnosticsPlace> : never;

// Held for as long as the package is loaded: the runtime forgets a channel without subscribers that nobody holds.
const told: Told = {
  'instant:connection': new HeardChannel('instant:connection', 'instant:connection'),
  'instant:query': new HeardChannel('instant:query', 'instant:query'),
  'instant:transaction': new HeardChannel('instant:transaction', 'instant:transaction'),
  'instant:storage': new HeardChannel('instant:storage', 'instant:storage'),
};

const traced: Traced = {
  'instant:connect': new TracedChannel('instant:connect'),
  'instant:query-once': new TracedChannel('instant:query-once'),
  'instant:first-answer': new TracedChannel('instant:first-answer'),
  'instant:transact': new TracedChannel('instant:transact'),
  'instant:storage-write': new TracedChannel('instant:storage-write'),
};

/**
 * What one database tells on the channels. Everything that a message is made of is computed by the function that is
 * given for it, and that is called only when somebody hears the message.
 */
export class Diagnostics {
  readonly #place: DiagnosticsPlace;
  readonly #withoutSecrets: <Text>(text: Text) => Text;

  /** `withoutSecrets` leaves the tokens of the database out of what others have said. */
  constructor(place: DiagnosticsPlace, withoutSecrets: <Text>(text: Text) => Text) {
    this.#place = place;
    this.#withoutSecrets = withoutSecrets;
  }

  /** Tells something that happened. */
  tell<Name extends keyof DiagnosticsChannels>(
    name: Name,
    build: () => Subject<DiagnosticsChannels[Name]>,
  ): void {
    const channel: Told[Name] = told[name];
    if (channel.isHeard) channel.publish(this.#placed(build()));
  }

  /** Something begins; undefined when nobody hears it. */
  begin<Name extends keyof DiagnosticsTraces>(
    name: Name,
    build: () => Subject<DiagnosticsTraces[Name]>,
  ): OngoingTrace<DiagnosticsTraces[Name]> | undefined {
    const channel: Traced[Name] = traced[name];
    return channel.isHeard ? channel.begin(this.#placed(build())) : undefined;
  }

  /** As {@link begin}, and `call` runs within the stores that are bound to the start. It says when it is over. */
  within<Name extends keyof DiagnosticsTraces, Result>(
    name: Name,
    build: () => Subject<DiagnosticsTraces[Name]>,
    call: (ongoing?: OngoingTrace<DiagnosticsTraces[Name]>) => Result,
  ): Result {
    const channel: Traced[Name] = traced[name];
    if (!channel.isHeard) return call();
    return channel.within(this.#placed(build()), (ongoing) => this.#returning(ongoing, call));
  }

  /**
   * Traces a call until its promise settles. `call` gets what is told, to add to it, or undefined when nobody hears it;
   * `note` adds what the promise resolved with.
   */
  until<Name extends keyof DiagnosticsTraces, Result>(
    name: Name,
    build: () => Subject<DiagnosticsTraces[Name]>,
    call: (trace?: DiagnosticsTraces[Name]) => Promise<Result>,
    note: (trace: DiagnosticsTraces[Name], result: Result) => void = () => {},
  ): Promise<Result> {
    return this.within(name, build, (ongoing) => {
      if (!ongoing) return call();
      // A promise of its own: who ignores a rejection is told of it by the runtime, as without a subscriber.
      return call(ongoing.trace).then(
        (result) => {
          note(ongoing.trace, result);
          ongoing.over();
          return result;
        },
        (error: unknown) => {
          ongoing.over(this.errorOf(error));
          throw error;
        },
      );
    });
  }

  /** What is told of an error. */
  errorOf(error: unknown): DiagnosticsError {
    return this.#withoutSecrets(errorKind(error));
  }

  /** A text of the server without the database's tokens. */
  shown(text: string): string {
    return this.#withoutSecrets(text);
  }

  #returning<Trace extends DiagnosticsTraces[keyof DiagnosticsTraces], Result>(
    ongoing: OngoingTrace<Trace>,
    call: (ongoing: OngoingTrace<Trace>) => Result,
  ): Result {
    try {
      return call(ongoing);
    } catch (error) {
      ongoing.over(this.errorOf(error));
      throw error;
    } finally {
      ongoing.returned();
    }
  }

  #placed<Payload>(subject: Subject<Payload>): Payload {
    return { ...this.#place, ...subject } as Payload;
  }
}
