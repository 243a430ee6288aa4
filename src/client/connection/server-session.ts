import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { mayPass } from '../refusals/may-pass.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import { sessionError, sessionRefused } from '../refusals/session-refused.ts';
import type { Timers } from '../timing/timers.ts';
import type { FailedAttempts } from './failed-attempts.ts';

/** How long a change of user waits for the new user's session. */
const NEW_SESSION_MS = 5_000;

/** The state of the connection, in core's words. */
export type Status = 'connecting' | 'opened' | 'authenticated' | 'closed' | 'errored';

/** The server's latest answer to the request for a session. */
type Standing =
  /** Accepted, or not answered yet. */
  | { is: 'good' }
  /** Refused, and core is handling that: it keeps only the message. */
  | { is: 'refusing'; refusal: Refusal; isAgain: boolean }
  | { is: 'refused' }
  /** The storage was lost; there will be no session. */
  | { is: 'failed'; error: InstantNodeError };

/** What a {@link ServerSession} needs to know and to do. */
export interface SessionHost {
  readonly timers: Timers;
  readonly attempts: FailedAttempts;
  /** The app that the session is for, and its server. */
  readonly place: { appId: string; apiURI: string };
  status(): Status;
  isOnline(): boolean;
  isShutdown(): boolean;
  /** Prevents any further connection. */
  shutDown(): void;
  /** What core has recorded as the reason why the server refuses the session. */
  said(): unknown;
  say(said: unknown): void;
  /** Has core change the status. */
  coreSetsStatus(status: Status, said: unknown): void;
  /** Has core refuse a session. */
  coreRefuses(refusal: Refusal): void;
  /** Calls `callback` when the status changes; returns a function that ends that. */
  listen(callback: () => void): () => void;
  closeConnection(): void;
  /** There is a session. */
  accepted(): void;
  /** There is no session, or no longer one. */
  left(): void;
  /** The status may have changed. */
  changed(): void;
  /** The server refuses the session and did not before. */
  refused(error: InstantNodeError): void;
  rejectQueries(error: InstantNodeError): void;
  /** The storage was lost: ends the writes that wait. */
  endWrites(error: InstantNodeError): void;
  tellQueries(error: InstantNodeError): void;
  report(error: InstantNodeError): void;
  withoutSecrets(error: InstantNodeError): InstantNodeError;
}

/** The session with the server. Core takes every refusal for final, even from a server that is only busy. */
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

  /** The failure of the storage that ended the database; undefined while the storage works. */
  get failure(): InstantNodeError | undefined {
    return this.#standing.is === 'failed' ? this.#standing.error : undefined;
  }

  /** Whether the server's latest answer refused the session. */
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
      host.accepted();
      if (standing.is !== 'failed') this.#standing = { is: 'good' };
    } else host.left();
    // While the client asks again, users see no change until the server answers otherwise.
    if (this.isRefused && !host.isShutdown()) host.say(error ?? host.said());
    else host.coreSetsStatus(status, error);
    if (status === 'errored' && !this.failure) this.#refused();
    host.changed();
  }

  /** The server refuses the session: for now, or until the client asks for something else. */
  refuse(refusal: Refusal): void {
    const host = this.#host;
    const { type, status = 0, message = 'Something went wrong', hint } = refusal;
    if (this.status === 'authenticated') {
      const ignored = 'Ignored what the server sent: it refused a session that it had accepted';
      host.report(new InstantNodeError('protocol', ignored));
    } else if (status >= 500 || mayPass(refusal)) {
      // Not the refusal itself, which contains the tokens of `init`.
      host.attempts.turnedAway({ type, status, message, hint });
      host.closeConnection();
    } else {
      const before = this.#standing;
      this.#standing = { is: 'refusing', refusal, isAgain: this.isRefused };
      host.coreRefuses(refusal);
      if (this.#standing.is === 'refusing') this.#standing = before;
    }
  }

  /** Ends the database: every promise and live query gets the error. */
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

  /** The client will ask for another session, which the server may accept. */
  asksAnew(): void {
    if (!this.isRefused) return;
    this.#standing = { is: 'good' };
    this.setStatus('connecting');
  }

  /**
   * Resolves once the server has answered the request for a session, when no answer can be expected, or after
   * {@link NEW_SESSION_MS}.
   */
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

  /** Rejects what waits for the session, reports the reason once, and lets the client ask the server again later. */
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
