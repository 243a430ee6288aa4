import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { mayPass } from '../refusals/may-pass.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import { sessionError, sessionRefused } from '../refusals/session-refused.ts';
import type { Timers } from '../timing/timers.ts';
import type { FailedAttempts } from './failed-attempts.ts';

/** How long a change of user waits for the session of the new one. */
const NEW_SESSION_MS = 5_000;

/** Where the connection stands, as core says it. */
export type Status = 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';

/** What the server made of the wish for a session, the last time that it answered. */
type Standing =
  /** It accepted it, or has not answered yet. */
  | { is: 'good' }
  /** It refuses it, which core is handling: core keeps the words alone. */
  | { is: 'refusing'; refusal: Refusal; isAgain: boolean }
  | { is: 'refused' }
  /** The storage was lost, and there will be no session. */
  | { is: 'failed'; error: InstantNodeError };

/** What a {@link ServerSession} needs to know and to do. */
export interface SessionHost {
  readonly timers: Timers;
  readonly attempts: FailedAttempts;
  /** Which app is asked for, and of which server. */
  readonly place: { appId: string; apiURI: string };
  status(): Status;
  isOnline(): boolean;
  isShutdown(): boolean;
  /** Has nobody connect any more. */
  shutDown(): void;
  /** What core has of why the server refuses the session. */
  said(): unknown;
  say(said: unknown): void;
  /** Core's way to change the status. */
  coreSetsStatus(status: Status, said: unknown): void;
  /** Core's way to refuse a session. */
  coreRefuses(refusal: Refusal): void;
  /** Calls `callback` when the status changes; returns what ends that. */
  listen(callback: () => void): () => void;
  closeConnection(): void;
  /** There is no session, or none any more. */
  left(): void;
  /** The status may have changed. */
  changed(): void;
  /** The server refuses the session, as it did not before. */
  refused(error: InstantNodeError): void;
  rejectQueries(error: InstantNodeError): void;
  /** The storage was lost: ends what waits. */
  endWrites(error: InstantNodeError): void;
  tellQueries(error: InstantNodeError): void;
  report(error: InstantNodeError): void;
  withoutSecrets(error: InstantNodeError): InstantNodeError;
}

/** The session with the server. Core takes every refusal of it for the last word, also from a server that is busy. */
export class ServerSession {
  /** Called when the storage was lost. */
  onFailure: (error: InstantNodeError) => void = () => {};
  readonly #host: SessionHost;
  #standing: Standing = { is: 'good' };

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get status(): Status {
    return this.#host.status();
  }

  /** Why the database can do nothing any more, because its storage cannot be used; undefined while it can. */
  get failure(): InstantNodeError | undefined {
    return this.#standing.is === 'failed' ? this.#standing.error : undefined;
  }

  /** Whether the server refused the session the last time that it answered. */
  get isRefused(): boolean {
    const standing = this.#standing;
    return standing.is === 'refused' || (standing.is === 'refusing' && standing.isAgain);
  }

  /** Why nothing works, while the status is `errored`. */
  get refusal(): InstantNodeError | undefined {
    return this.status === 'errored' ? this.#whyRefused() : undefined;
  }

  /** The status has changed; `said` is why. */
  setStatus(status: Status, said?: unknown): void {
    const host = this.#host;
    const standing = this.#standing;
    const error = isObject(said) && standing.is === 'refusing' ? sessionError(said, standing.refusal) : said;
    if (status === 'authenticated') {
      host.attempts.accepted();
      if (standing.is !== 'failed') this.#standing = { is: 'good' };
    } else host.left();
    // Asking again changes nothing that users see, until the server has another answer.
    if (this.isRefused && !host.isShutdown()) host.say(error ?? host.said());
    else host.coreSetsStatus(status, error);
    if (status === 'errored' && !this.failure) this.#refused();
    host.changed();
  }

  /** The server refuses the session: for now, or until something else is asked for. */
  refuse(refusal: Refusal): void {
    const host = this.#host;
    const { type, status = 0, message = 'Something went wrong', hint } = refusal;
    if (this.status === 'authenticated') {
      const ignored = 'Ignored what the server sent: it refused a session that it had accepted';
      host.report(new InstantNodeError('protocol', ignored));
    } else if (status >= 500 || mayPass(refusal)) {
      // Not the refusal itself, which has the tokens of `init` in it.
      host.attempts.turnedAway({ type, status, message, hint });
      host.closeConnection();
    } else {
      const before = this.#standing;
      this.#standing = { is: 'refusing', refusal, isAgain: this.isRefused };
      host.coreRefuses(refusal);
      if (this.#standing.is === 'refusing') this.#standing = before;
    }
  }

  /** Ends what the database does: every promise and live query is told why. */
  fail(error: InstantNodeError): void {
    const host = this.#host;
    if (this.failure || host.isShutdown()) return;
    this.#standing = { is: 'failed', error: host.withoutSecrets(error) };
    this.onFailure(error);
    host.shutDown();
    host.closeConnection();
    host.endWrites(error);
    this.setStatus('errored', { message: error.message, hint: error.hint });
    host.tellQueries(error);
    host.report(error);
  }

  /** Another session is asked for, which the server may accept. */
  userChanged(): void {
    if (!this.isRefused) return;
    this.#standing = { is: 'good' };
    this.setStatus('connecting');
  }

  /** Resolves once the server has answered the wish for a session, or that would take too long to wait for. */
  answered(): Promise<void> {
    const host = this.#host;
    const isAnswered = (): boolean =>
      host.isShutdown() || !host.isOnline() || ['authenticated', 'errored'].includes(this.status);
    if (isAnswered()) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        unsubscribe();
        timer.cancel();
        resolve();
      };
      const timer = host.timers.after(NEW_SESSION_MS, settle);
      const unsubscribe = host.listen(() => {
        if (isAnswered()) settle();
      });
    });
  }

  /** Ends what waits for the session, tells why once, and lets the server be asked again later. */
  #refused(): void {
    const host = this.#host;
    if (!this.isRefused) {
      this.#standing = { is: 'refused' };
      const refused = this.#whyRefused();
      host.report(refused);
      host.refused(refused);
    }
    host.rejectQueries(this.#whyRefused());
    host.closeConnection();
  }

  #whyRefused(): InstantNodeError {
    return this.failure ?? sessionRefused(this.#host.said(), this.#host.place);
  }
}
