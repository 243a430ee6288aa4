import { InstantNodeError } from '../../errors.ts';
import { type TracedAttempt, tellProbe, traceAttempt } from '../diagnostics/connection-diagnostics.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import { Deadline } from './answer-deadline.ts';
import {
  type Ending,
  isDenial,
  isOfHost,
  noEnding,
  refusalBy,
  ruleOf,
  sessionEnded,
} from './attempt-verdict.ts';
import { ConnectionStanding } from './connection-standing.ts';
import type { Contender } from './host-gate.ts';
import type { LifecycleHost } from './lifecycle-host.ts';
import { Liveness } from './liveness.ts';
import { Probe } from './probe.ts';
import { RetryDelay } from './retry-delay.ts';
import type { RetryRule } from './retry-rule.ts';
import type { SessionEnd } from './session-end.ts';
import { WayBack } from './way-back.ts';

/** How long after a refusal the client asks for a session again. */
const ASK_AGAIN_MS = 30_000;

/**
 * When to connect, and when to give a connection up. Core waits for ever for a server that does not answer, does not
 * notice one that is gone, and comes back to one that was restarted at the same moments as all its other clients.
 */
export class Lifecycle implements Contender {
  readonly standing: ConnectionStanding;
  /** From an event stream to a WebSocket. */
  readonly wayBack: WayBack;
  readonly #host: LifecycleHost;
  readonly #retry: RetryDelay;
  readonly #probe: Probe;
  #ending: Ending = noEnding;
  #lastError: InstantNodeError | undefined;
  #wasOffline = false;
  /** Runs while something is due: the next try, or an answer. */
  #due: { cancel(): void } | undefined;
  #liveness: Liveness | undefined;
  #traced: TracedAttempt | undefined;
  /** Why a WebSocket was refused, while it is found out whether an event stream is too. */
  #denied: Refusal | undefined;

  constructor(host: LifecycleHost) {
    this.#host = host;
    this.#retry = new RetryDelay(host.times, host.clock);
    this.#probe = new Probe(host.clock, (message, eventId) => host.send(message, eventId));
    this.wayBack = new WayBack({
      ...{ clock: host.clock, openBeside: host.openBeside, isWriteUnanswered: host.isWriteUnanswered },
      ...{ send: host.send, resume: host.resume },
      webSocketRetryMs: host.times.webSocketRetryMs,
      connectTimeoutMs: host.times.connectTimeoutMs,
      isPosting: () => host.transport().isPosting(),
      letThrough: () => host.choice.back(),
      move: () => this.#move(),
    });
    this.standing = new ConnectionStanding({
      diagnostics: host.diagnostics,
      transport: () => host.transport().kind,
      roundTripMs: () => this.#probe.roundTripMs,
      lastError: () => this.#lastError,
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

  /** Connects over an event stream in place of a refused WebSocket. It is a try like others, so delays go on growing. */
  changeOver(): void {
    const host = this.#host;
    if (host.isShutdown() || host.transport().isOpen() || !host.isOnline()) return;
    host.gate.force(this);
  }

  /** An event stream would not do better than the WebSocket that was refused. */
  stay(): void {
    if (this.#denied && !this.#host.isShutdown() && this.standing.phase === 'waiting') this.#deny();
  }

  /** Ends the session and begins another, which gets all attributes again. */
  renew(): void {
    const host = this.#host;
    host.transport().close();
    this.connectNow();
    // Otherwise users would take it for an outage.
    const isPassing = ['connecting', 'waiting'].includes(this.standing.phase);
    if (isPassing && !host.isShutdown() && host.isOnline()) host.setStatus('connecting');
  }

  /** Begins a connection anew, at a user's request, whatever became of the present one. */
  reconnect(): void {
    this.#host.transport().terminate();
    this.#host.asksAnew();
    this.connectNow();
  }

  /** Something that should have come has not: finds out whether the server is still there. */
  suspect(): void {
    this.#liveness?.suspect();
  }

  /** The network is gone: nothing is tried until it is back. */
  offline(): void {
    this.#wasOffline = true;
    this.#stop();
    this.#host.gate.withdraw(this);
    this.standing.move('offline');
    // An open one may outlast a short absence of the network, and core replaces it when that is back.
    if (this.#host.transport().isConnecting()) this.#host.transport().terminate();
  }

  /** The database is closed. */
  close(): void {
    this.#stop();
    this.standing.move('close');
    this.#host.gate.withdraw(this);
    this.#host.release();
  }

  // ---- What happens.

  /** It is its turn to try. */
  go(): void {
    const host = this.#host;
    const { standing } = this;
    if (host.isShutdown() || !host.isOnline()) {
      host.gate.withdraw(this);
      return;
    }
    if (host.transport().isConnecting()) return;
    standing.attempt++;
    host.connect(this.wayBack.take());
    if (host.transport().kind === 'websocket') this.#denied = undefined;
    const { attempt } = standing;
    this.#traced = traceAttempt(host.diagnostics, () => ({ attempt, transport: host.transport().kind }));
    this.#expect('connectTimeoutMs', 'the connection was not open');
    standing.move('start');
  }

  /** The connection can send. */
  opened(): void {
    this.#expect('initTimeoutMs', 'the server did not answer the request for a session');
    this.standing.move('opened');
  }

  /** The server accepted the session. */
  accepted(): void {
    const host = this.#host;
    this.#stop();
    this.#denied = undefined;
    this.wayBack.accepted(host.transport().kind);
    this.#retry.accepted();
    host.gate.succeeded(this);
    this.#liveness = new Liveness({
      ...{ times: host.times, clock: host.clock, pulse: host.pulse },
      receivedBytes: () => host.transport().receivedBytes(),
      bufferedBytes: () => host.transport().bufferedBytes(),
      sentBytes: () => host.sentBytes(),
      probe: () => this.#probe.send(),
      dead: (silentMs) => this.#drop(silent(silentMs)),
    });
    this.#traced?.accepted();
    this.standing.attempt = 0;
    this.standing.cause = undefined;
    this.standing.move('accepted');
  }

  /** The server has said something. */
  received(message: unknown): void {
    const { choice, diagnostics } = this.#host;
    this.standing.received();
    choice.worked();
    this.wayBack.received(message);
    if (this.#probe.answered(message)) tellProbe(diagnostics, this.#probe.roundTripMs ?? 0);
    this.alive();
  }

  /** The server has shown a sign of life. */
  alive(): void {
    this.#liveness?.heard();
  }

  /** The connection is over. */
  ended(end: SessionEnd): void {
    this.#stop();
    this.#retry.ended();
    this.standing.ended(end);
    const isOfWrite = this.#host.sessionEnded(end);
    this.#ending = { ...end, isOfWrite, wasAccepted: this.standing.phase === 'open' };
  }

  /** Core wants to connect again. */
  later(): void {
    const host = this.#host;
    if (host.isShutdown()) return;
    if (!host.isOnline()) {
      this.offline();
      return;
    }
    const { attempts, choice } = host;
    const rule = ruleOf(this.#ending, attempts);
    const isAsking = !this.#ending.isOurs && choice.ended();
    if (this.#denied && isDenial(attempts)) this.#deny();
    else if (rule.is !== 'refused') {
      if (host.isRefused()) this.#askAgain();
      else this.#retryBy(rule);
    } else {
      this.#denied = refusalBy(this.#ending, attempts);
      if (isAsking && attempts.handshake && !host.isRefused()) this.#await();
      else this.#deny();
    }
  }

  // ---- The next try.

  #retryBy(rule: RetryRule): void {
    const { gate, clock, attempts } = this.#host;
    const { isOurs, wasAccepted } = this.#ending;
    if (wasAccepted && !isOurs) this.#lastError = sessionEnded(this.#ending);
    else this.#lastError = attempts.lastError ?? this.#lastError;
    this.standing.cause = this.#lastError;
    const isHostDown = isOfHost(this.#ending, attempts);
    if (!isHostDown) gate.withdraw(this);
    // Otherwise another database of this process finds out when the host is back.
    if (!isHostDown || gate.failed(this)) {
      const ms = this.#retry.nextMs(rule);
      if (isHostDown) gate.leads(this, clock.now() + ms);
      this.#startIn(ms);
    }
    this.#fail('ended');
  }

  /** Waits until it is known whether there is another way than the one that was refused. */
  #await(): void {
    this.#host.gate.withdraw(this);
    this.#lastError = this.#host.attempts.lastError ?? this.#lastError;
    this.standing.cause = this.#lastError;
    this.#fail('ended');
  }

  #deny(): void {
    const refusal = this.#denied;
    this.#denied = undefined;
    if (refusal && !this.#host.isRefused()) this.#host.refuse(refusal);
    this.#askAgain();
  }

  #askAgain(): void {
    this.#host.gate.withdraw(this);
    this.#lastError = this.#host.refusal() ?? this.#lastError;
    this.standing.cause = this.#lastError;
    this.#startIn(ASK_AGAIN_MS);
    this.#fail('refused');
  }

  #fail(event: 'ended' | 'refused'): void {
    this.#traced?.failed(this.standing.cause);
    this.standing.move(event);
  }

  #startIn(ms: number): void {
    this.#settle();
    this.standing.retryAt = new Date(Date.now() + ms);
    this.#due = this.#host.clock.after(ms, () => {
      this.#settle();
      this.start();
    });
  }

  // ---- Giving up.

  #expect(option: 'connectTimeoutMs' | 'initTimeoutMs', what: string): void {
    const { clock, times, attempts } = this.#host;
    const transport = this.#host.transport();
    this.#settle();
    this.#due = new Deadline(times[option], {
      clock,
      receivedBytes: () => transport.receivedBytes(),
      overdue: () => {
        attempts.overdue(`${what} within ${times[option]} ms (option "connection.${option}")`);
        transport.terminate();
      },
    });
  }

  #move(): void {
    this.#liveness?.stop();
    this.#liveness = undefined;
    // As when a session is renewed. It is not told that there is none: users would take that for an outage.
    this.#host.setStatus('connecting');
    this.#host.gate.force(this);
  }

  #drop(error: InstantNodeError): void {
    this.#lastError = error;
    this.#host.report(error);
    this.#host.transport().terminate();
  }

  #stop(): void {
    this.#settle();
    this.wayBack.stop();
    this.#liveness?.stop();
    this.#liveness = undefined;
  }

  #settle(): void {
    this.#due?.cancel();
    this.#due = undefined;
    this.standing.retryAt = undefined;
  }
}

function silent(silentMs: number): InstantNodeError {
  const seconds = Math.round(silentMs / 100) / 10;
  const message = `Renewing the connection: the server has shown no sign of life for ${seconds} s`;
  return new InstantNodeError('connection-failed', message);
}
