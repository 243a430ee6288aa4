import { InstantNodeError } from '../../errors.ts';
import { systemReason } from '../refusals/no-answer.ts';
import { type Refusal, refusedBy } from '../refusals/server-refusal.ts';
import type { SessionEnd } from './session-end.ts';

/**
 * Reports connections that end before the server has accepted the session, which core only logs when verbose. It
 * reports once per outage, not per attempt; an outage lasts until a session is accepted.
 */
export class FailedAttempts {
  /** Called when a connection has ended, but not because this side closed it. */
  onEnded: (end: SessionEnd) => void = () => {};
  readonly #url: string;
  readonly #report: (error: InstantNodeError) => void;
  #isAccepted = false;
  #isKnown = false;
  #cause: unknown;
  #last: InstantNodeError | undefined;

  constructor(url: string, report: (error: InstantNodeError) => void) {
    this.#url = url;
    this.#report = report;
  }

  /** How the last connection ended before a session was accepted; undefined once one was. */
  get lastError(): InstantNodeError | undefined {
    return this.#last;
  }

  /** A connection is being opened. */
  connecting(): void {
    this.#isAccepted = false;
    this.#cause = undefined;
  }

  /** The connection failed for this reason; `ended` follows. */
  failed(cause: unknown): void {
    this.#cause = cause;
  }

  /** The server accepted the session. */
  accepted(): void {
    this.#isAccepted = true;
    this.#last = undefined;
    this.#isKnown = false;
  }

  /** The connection ended, but not because this side closed it. */
  ended(code: number, reason: string): void {
    this.onEnded({ code, reason, isOurs: false });
    if (this.#isAccepted) return;
    const said = reason ? `${code}, "${reason}"` : String(code);
    const why = systemReason(this.#cause);
    this.#tell(`the connection ended with code ${said}${why ? ` (${why})` : ''}`, this.#cause);
  }

  /** The socket did not accept a message, although it is open. */
  couldNotSend(cause: unknown): void {
    this.#tell('the socket cannot send', cause);
  }

  /** The server did not accept the session, for a reason that may pass. */
  turnedAway(refusal: Refusal): void {
    this.#tell(`the server said "${refusal.message}"`, refusal, refusal);
  }

  #tell(what: string, cause: unknown, refusal?: Refusal): void {
    const error = new InstantNodeError(
      'connection-failed',
      `Cannot open a session at "${this.#url}": ${what}; trying again`,
      cause === undefined ? {} : { cause },
    );
    this.#last = refusal ? refusedBy(error, refusal) : error;
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#report(this.#last);
  }
}
