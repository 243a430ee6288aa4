import type { InstantNodeError } from '../../errors.ts';
import { type ConnectionChange, tellConnectionChange } from '../diagnostics/connection-diagnostics.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { Emitter } from '../timing/emitter.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { type ConnectionEvent, type ConnectionPhase, phaseAfter } from './connection-state.ts';
import type { SessionEnd } from './session-end.ts';

/** What {@link ConnectionStanding} needs to know. */
export interface ConnectionStandingHost {
  readonly diagnostics: Diagnostics;
  /** What the current connection is made over. */
  transport(): ConnectionInfo['transport'];
  roundTripMs(): number | undefined;
  /** The last failure of a connection. */
  lastError(): InstantNodeError | undefined;
}

/** Where a connection stands, for whoever looks at it from outside. */
export class ConnectionStanding {
  readonly changes: Emitter<ConnectionInfo> = new Emitter();
  /** How many tries there were since the last session. */
  attempt = 0;
  retryAt: Date | undefined;
  cause: InstantNodeError | undefined;
  readonly #host: ConnectionStandingHost;
  #phase: ConnectionPhase = 'idle';
  #since = new Date();
  #lastClose: ConnectionInfo['lastClose'];
  #lastMessageAt: number | undefined;

  constructor(host: ConnectionStandingHost) {
    this.#host = host;
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  get info(): ConnectionInfo {
    const at = this.#lastMessageAt;
    return Object.freeze({
      state: this.#phase,
      since: this.#since,
      attempt: this.attempt,
      retryAt: this.retryAt,
      cause: this.cause,
      lastClose: this.#lastClose,
      lastError: this.#host.lastError(),
      lastMessageAt: at === undefined ? undefined : new Date(at),
      roundTripMs: this.#host.roundTripMs(),
      transport: this.#host.transport(),
    });
  }

  /** The server has said something. */
  received(): void {
    this.#lastMessageAt = Date.now();
  }

  /** The current connection is over. */
  ended({ code, reason }: SessionEnd): void {
    this.#lastClose = Object.freeze({ code, reason, at: new Date() });
  }

  /** Takes what has happened, and tells of the phase that follows, if that is another. */
  move(event: ConnectionEvent): void {
    const from = this.#phase;
    const phase = phaseAfter(from, event);
    if (phase === undefined) return;
    this.#phase = phase;
    this.#since = new Date();
    tellConnectionChange(this.#host.diagnostics, () => this.#changeFrom(from));
    if (this.changes.size > 0) this.changes.emit(this.info);
  }

  #changeFrom(from: ConnectionPhase): ConnectionChange {
    const { state: to, attempt, transport, cause, retryAt, lastClose } = this.info;
    const isWaiting = to === 'waiting' || to === 'refused';
    return {
      ...{ from, to, attempt, transport },
      ...(isWaiting && {
        cause,
        close: lastClose,
        delayMs: retryAt && Math.max(retryAt.getTime() - Date.now(), 0),
      }),
    };
  }
}
