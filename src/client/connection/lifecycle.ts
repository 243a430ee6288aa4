import { InstantNodeError } from '../../errors.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import type { Clock } from '../timing/clock.ts';
import { Emitter } from '../timing/emitter.ts';
import type { Timer } from '../timing/timers.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { type ConnectionEvent, type ConnectionPhase, phaseAfter } from './connection-state.ts';
import type { Transport } from './connector.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import type { Contender, HostGate } from './host-gate.ts';
import { Liveness, type SilenceTimes } from './liveness.ts';
import { Probe } from './probe.ts';
import type { Pulse } from './pulse.ts';
import { RetryDelay, type RetryTimes } from './retry-delay.ts';
import { type RetryRule, ruleOfCode, ruleOfStatus } from './retry-rule.ts';
import type { SessionEnd } from './session-end.ts';
import type { TransportChoice } from './transport-choice.ts';

/** How long after a refusal the client asks for a session again. */
const ASK_AGAIN_MS = 30_000;
/** A timer that fires this late means that the process did not get to read what the server said. */
const LATE_MS = 500;

/** The numbers that a connection follows, in milliseconds. */
export interface ConnectionTimes extends RetryTimes, SilenceTimes {
  readonly connectTimeoutMs: number;
  readonly initTimeoutMs: number;
}

/** What a {@link Lifecycle} needs to know and to do. */
export interface LifecycleHost {
  readonly times: ConnectionTimes;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly gate: HostGate;
  readonly attempts: FailedAttempts;
  readonly choice: TransportChoice;
  /** The gate is not used any more. */
  release(): void;
  transport(): Transport;
  /** Opens a connection in place of the current one. */
  connect(): void;
  sentBytes(): number;
  send(message: { op: string }, eventId: string): void;
  isOnline(): boolean;
  isShutdown(): boolean;
  /** Whether the server refuses the session. */
  isRefused(): boolean;
  /** Refuses the session on the server's behalf. */
  refuse(refusal: Refusal): void;
  /** Has core say that there is no connection, or that one is being opened. */
  setStatus(status: 'closed' | 'connecting'): void;
  report(error: InstantNodeError): void;
}

/** How a connection ended, and what it was until then. */
interface Ending extends SessionEnd {
  readonly wasAccepted: boolean;
}

/**
 * When to connect, and when to give a connection up. Core waits for ever for a server that does not answer, does not
 * notice one that is gone, and comes back to one that was restarted at the same moments as all its other clients.
 */
export class Lifecycle implements Contender {
  readonly changes: Emitter<ConnectionInfo> = new Emitter();
  readonly #host: LifecycleHost;
  readonly #retry: RetryDelay;
  readonly #probe: Probe;
  #phase: ConnectionPhase = 'idle';
  #since = new Date();
  #attempt = 0;
  #retryAt: Date | undefined;
  #cause: InstantNodeError | undefined;
  #lastClose: ConnectionInfo['lastClose'];
  #lastError: InstantNodeError | undefined;
  #lastMessageAt: number | undefined;
  #ending: Ending | undefined;
  #wasOffline = false;
  /** Runs while something is due: the next try, or an answer. */
  #timer: Timer | undefined;
  #liveness: Liveness | undefined;

  constructor(host: LifecycleHost) {
    this.#host = host;
    this.#retry = new RetryDelay(host.times, host.clock);
    this.#probe = new Probe(host.clock, (message, eventId) => host.send(message, eventId));
  }

  get info(): ConnectionInfo {
    const at = this.#lastMessageAt;
    return Object.freeze({
      state: this.#phase,
      since: this.#since,
      attempt: this.#attempt,
      retryAt: this.#retryAt,
      cause: this.#cause,
      lastClose: this.#lastClose,
      lastError: this.#lastError,
      lastMessageAt: at === undefined ? undefined : new Date(at),
      roundTripMs: this.#probe.roundTripMs,
      transport: this.#host.transport().kind,
    });
  }

  // ---- What is asked of it.

  /** Connects as soon as the host's other clients in this process allow it. */
  start(): void {
    const host = this.#host;
    if (host.isShutdown() || host.transport().isConnecting()) return;
    if (!host.isOnline()) {
      this.offline();
      host.setStatus('closed');
      return;
    }
    if (this.#wasOffline) {
      this.#wasOffline = false;
      this.#retry.reset();
      host.gate.hope();
    }
    host.gate.ask(this);
  }

  /** Connects now instead of after the delay. */
  connectNow(): void {
    const host = this.#host;
    if (host.isShutdown() || host.transport().isOpen() || !host.isOnline()) return;
    this.#retry.reset();
    host.gate.force(this);
  }

  /** Ends the session and begins another, which gets all attributes again. */
  renew(): void {
    const host = this.#host;
    host.transport().close();
    this.connectNow();
    // Otherwise users would take it for an outage.
    const isClosed = this.#phase === 'connecting' || this.#phase === 'waiting';
    if (isClosed && !host.isShutdown() && host.isOnline()) host.setStatus('connecting');
  }

  /** Begins a connection anew, at a user's request, whatever became of the present one. */
  reconnect(): void {
    this.#host.transport().terminate();
    this.connectNow();
  }

  /** Something that should have come has not: finds out whether the server is still there. */
  suspect(): void {
    this.#liveness?.suspect();
  }

  /** The database is closed. */
  close(): void {
    this.#settle();
    this.#liveness?.stop();
    this.#move('close');
    this.#host.gate.withdraw(this);
    this.#host.release();
  }

  // ---- What happens.

  /** It is its turn to try. */
  go(): void {
    const host = this.#host;
    if (host.isShutdown() || !host.isOnline()) {
      host.gate.withdraw(this);
      return;
    }
    if (host.transport().isConnecting()) return;
    this.#attempt++;
    host.connect();
    this.#move('start');
    this.#expect('connectTimeoutMs', 'the connection was not open');
  }

  /** The connection can send. */
  opened(): void {
    this.#move('opened');
    if (this.#phase === 'authenticating') {
      this.#expect('initTimeoutMs', 'the server did not answer the request for a session');
    }
  }

  /** The server accepted the session. */
  accepted(): void {
    const host = this.#host;
    this.#settle();
    this.#retry.accepted();
    host.gate.succeeded(this);
    this.#attempt = 0;
    this.#cause = undefined;
    this.#liveness?.stop();
    this.#liveness = new Liveness({
      times: host.times,
      clock: host.clock,
      pulse: host.pulse,
      receivedBytes: () => host.transport().receivedBytes(),
      bufferedBytes: () => host.transport().bufferedBytes(),
      sentBytes: () => host.sentBytes(),
      probe: () => this.#probe.send(),
      dead: (silentMs) => this.#drop(silent(silentMs)),
    });
    this.#move('accepted');
  }

  /** The server has said something. */
  received(message: unknown): void {
    this.#lastMessageAt = Date.now();
    this.#host.choice.worked();
    this.#probe.answered(message);
    this.alive();
  }

  /** The server has shown a sign of life. */
  alive(): void {
    this.#liveness?.heard();
  }

  /** The connection is over. */
  ended(end: SessionEnd): void {
    this.#settle();
    this.#liveness?.stop();
    this.#liveness = undefined;
    this.#retry.ended();
    this.#lastClose = { code: end.code, reason: end.reason, at: new Date() };
    this.#ending = { ...end, wasAccepted: this.#phase === 'open' };
  }

  /** The network is gone: nothing is tried until it is back. */
  offline(): void {
    this.#settle();
    this.#wasOffline = true;
    this.#liveness?.stop();
    this.#liveness = undefined;
    this.#host.gate.withdraw(this);
    this.#move('offline');
  }

  /** Core wants to connect again. */
  later(): void {
    const host = this.#host;
    if (host.isShutdown()) return;
    if (!host.isOnline()) {
      this.offline();
      return;
    }
    const rule = this.#rule();
    if (rule.is === 'refused' && !host.isRefused()) host.refuse(this.#refusal());
    if (host.isRefused()) this.#askAgain();
    else this.#retryBy(rule);
  }

  // ---- The next try.

  #retryBy(rule: RetryRule): void {
    const { gate, clock, choice } = this.#host;
    if (!this.#ending?.isOurs && choice.ended()) {
      gate.withdraw(this);
      this.#dueIn(0);
      this.#move('ended');
      return;
    }
    const isOfHost = this.#isOfHost();
    this.#cause = this.#whyEnded();
    if (isOfHost && !gate.failed(this)) {
      this.#retryAt = undefined;
      this.#move('ended');
      return;
    }
    if (!isOfHost) gate.withdraw(this);
    const ms = this.#retry.nextMs(rule);
    if (isOfHost) gate.leads(this, clock.now() + ms);
    this.#dueIn(ms);
    this.#move('ended');
  }

  #askAgain(): void {
    this.#host.gate.withdraw(this);
    this.#cause = this.#host.attempts.latest ?? this.#cause;
    this.#dueIn(ASK_AGAIN_MS);
    this.#move('refused');
  }

  #dueIn(ms: number): void {
    this.#settle();
    this.#retryAt = new Date(Date.now() + ms);
    this.#timer = this.#host.clock.after(ms, () => {
      this.#timer = undefined;
      this.#retryAt = undefined;
      this.start();
    });
  }

  /** Whether the end of the last connection says something of the host, and not only of this database. */
  #isOfHost(): boolean {
    const { attempts } = this.#host;
    const { wasAccepted = true, isOurs = true } = this.#ending ?? {};
    if (attempts.isOverdue) return true;
    if (wasAccepted || isOurs || attempts.turnedAwayBy) return false;
    // A host that refuses WebSockets answers.
    const { status = 500 } = attempts.handshake ?? {};
    return status >= 500 || status === 429;
  }

  #rule(): RetryRule {
    const { handshake, turnedAwayBy } = this.#host.attempts;
    if (handshake) return ruleOfStatus(handshake);
    if (turnedAwayBy) {
      const rule = ruleOfStatus({ status: turnedAwayBy.status ?? 0, retryAfterMs: undefined });
      return rule.is === 'refused' ? { is: 'usual' } : rule;
    }
    const { isOurs = true, code = 1006 } = this.#ending ?? {};
    return isOurs ? { is: 'usual' } : ruleOfCode(code);
  }

  #refusal(): Refusal {
    const { attempts } = this.#host;
    const { code = 1006, reason = '' } = this.#ending ?? {};
    const status = attempts.handshake?.status;
    const how = status === undefined ? `with close code ${code}` : `with HTTP status ${status}`;
    const message = `it ended the connection ${how}${reason ? `, "${reason}"` : ''}`;
    return { message, ...(status !== undefined && { status }) };
  }

  #whyEnded(): InstantNodeError | undefined {
    const { wasAccepted = false, code = 1006, reason = '', isOurs = false } = this.#ending ?? {};
    if (!wasAccepted || isOurs) return this.#lastErrorNow();
    const said = reason ? `${code}, "${reason}"` : String(code);
    return new InstantNodeError('connection-failed', `The session ended with code ${said}`);
  }

  #lastErrorNow(): InstantNodeError | undefined {
    const { latest } = this.#host.attempts;
    if (latest) this.#lastError = latest;
    return this.#lastError;
  }

  // ---- Deadlines.

  #expect(option: 'connectTimeoutMs' | 'initTimeoutMs', what: string): void {
    const { clock, times } = this.#host;
    this.#await(option, what, times[option], clock.now() + times[option]);
  }

  #await(option: 'connectTimeoutMs' | 'initTimeoutMs', what: string, ms: number, dueAt: number): void {
    const { clock, times, attempts } = this.#host;
    const transport = this.#host.transport();
    const received = transport.receivedBytes();
    this.#settle();
    this.#timer = clock.after(ms, () => {
      const isLate = clock.now() - dueAt > LATE_MS;
      // An answer that is under way, or lies unread in the socket, is awaited.
      if (isLate || transport.receivedBytes() !== received) {
        this.#await(option, what, times[option], clock.now() + times[option]);
        return;
      }
      attempts.overdue(`${what} within ${times[option]} ms (option "connection.${option}")`);
      transport.terminate();
    });
  }

  #drop(error: InstantNodeError): void {
    this.#lastError = error;
    this.#host.report(error);
    this.#host.transport().terminate();
  }

  // ---- The state.

  #settle(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#retryAt = undefined;
  }

  #move(event: ConnectionEvent): void {
    const phase = phaseAfter(this.#phase, event);
    if (phase === undefined) return;
    this.#phase = phase;
    this.#since = new Date();
    this.#lastErrorNow();
    if (this.changes.size > 0) this.changes.emit(this.info);
  }
}

function silent(silentMs: number): InstantNodeError {
  const seconds = Math.round(silentMs / 100) / 10;
  const message = `Renewing the connection: the server has shown no sign of life for ${seconds} s`;
  return new InstantNodeError('connection-failed', message);
}
