import type { HandshakeRefusal } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { systemReason } from '../refusals/no-answer.ts';
import { type Refusal, refusedBy } from '../refusals/server-refusal.ts';
import { ruleOfCode, ruleOfStatus } from './retry-rule.ts';

/**
 * Reports connections that end before the server has accepted the session, which core only logs when verbose. It
 * reports once per outage, not per attempt; an outage lasts until a session is accepted.
 */
export class FailedAttempts {
  readonly #url: string;
  readonly #report: (error: InstantNodeError) => void;
  #isAccepted = false;
  #isKnown = false;
  #cause: unknown;
  #last: InstantNodeError | undefined;
  #handshake: HandshakeRefusal | undefined;
  #turnedAwayBy: Refusal | undefined;
  #isOverdue = false;
  #wasRefused = false;

  constructor(url: string, report: (error: InstantNodeError) => void) {
    this.#url = url;
    this.#report = report;
  }

  /** How the last connection ended before a session was accepted; undefined once one was. */
  get lastError(): InstantNodeError | undefined {
    return this.#last;
  }

  /** How the server refused to open the present connection, if it answered in HTTP. */
  get handshake(): HandshakeRefusal | undefined {
    return this.#handshake;
  }

  /** Why the server did not accept the session over the present connection, if that may pass. */
  get turnedAwayBy(): Refusal | undefined {
    return this.#turnedAwayBy;
  }

  /** Whether the present connection is given up because something took too long. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** Whether the server refuses the session by the way in which it ended the connection. */
  isRefusal(code: number): boolean {
    const rule = this.#handshake ? ruleOfStatus(this.#handshake) : ruleOfCode(code);
    return rule.is === 'refused';
  }

  /** A connection is being opened. */
  connecting(): void {
    this.#isAccepted = false;
    this.#cause = undefined;
    this.#handshake = undefined;
    this.#turnedAwayBy = undefined;
    this.#isOverdue = false;
  }

  /** The connection failed for this reason; `ended` follows. */
  failed(cause: unknown, handshake?: HandshakeRefusal): void {
    this.#cause = cause;
    this.#handshake = handshake;
  }

  /** The server accepted the session. */
  accepted(): void {
    this.#isAccepted = true;
    this.#last = undefined;
    this.#isKnown = false;
  }

  /** The connection ended, but not because this side closed it. */
  ended(code: number, reason: string): void {
    if (this.#isAccepted) return;
    const said = reason ? `${code}, "${reason}"` : String(code);
    const why = this.#handshake ? `HTTP status ${this.#handshake.status}` : systemReason(this.#cause);
    // A refusal is reported as that, by the session, once an event stream was refused too.
    const isReported = this.isRefusal(code) || (this.#wasRefused && this.#handshake !== undefined);
    this.#wasRefused = this.isRefusal(code);
    this.#tell(`the connection ended with code ${said}${why ? ` (${why})` : ''}`, this.#cause, {
      isReported,
    });
  }

  /** The socket did not accept a message, although it is open. */
  couldNotSend(cause: unknown): void {
    this.#tell('the socket cannot send', cause);
  }

  /** The server did not accept the session, for a reason that may pass. */
  turnedAway(refusal: Refusal): void {
    this.#turnedAwayBy = refusal;
    this.#tell(`the server said "${refusal.message}"`, refusal, { refusal });
  }

  /** The connection is given up, since something took too long. */
  overdue(what: string): void {
    this.#isOverdue = true;
    this.#tell(what, undefined);
  }

  #tell(
    what: string,
    cause: unknown,
    { refusal, isReported = false }: { refusal?: Refusal; isReported?: boolean } = {},
  ): void {
    const error = new InstantNodeError(
      'connection-failed',
      `Cannot open a session at "${this.#url}": ${what}; trying again`,
      cause === undefined ? {} : { cause },
    );
    this.#last = refusal ? refusedBy(error, refusal) : error;
    if (this.#isKnown || isReported) return;
    this.#isKnown = true;
    this.#report(this.#last);
  }
}
