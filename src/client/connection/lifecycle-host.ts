import type { InstantNodeError } from '../../errors.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import type { Clock } from '../timing/clock.ts';
import type { Transport } from './connector.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import type { HostGate } from './host-gate.ts';
import type { SilenceTimes } from './liveness.ts';
import type { Pulse } from './pulse.ts';
import type { RetryTimes } from './retry-delay.ts';
import type { SessionEnd } from './session-end.ts';
import type { SocketConnection } from './socket-connection.ts';
import type { TransportChoice } from './transport-choice.ts';
import type { WayBackHost } from './way-back.ts';

/** The numbers that a connection follows, in milliseconds. */
export interface ConnectionTimes extends RetryTimes, SilenceTimes {
  readonly webSocketRetryMs: number;
  readonly connectTimeoutMs: number;
  readonly initTimeoutMs: number;
}

/** What a `Lifecycle` needs to know and to do. */
export interface LifecycleHost {
  readonly times: ConnectionTimes;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly gate: HostGate;
  readonly attempts: FailedAttempts;
  readonly choice: TransportChoice;
  readonly diagnostics: Diagnostics;
  /** The gate is not used any more. */
  release(): void;
  transport(): Transport;
  /** Opens a connection in place of the current one, or puts one there that was opened beside it. */
  connect(beside?: SocketConnection): void;
  openBeside: WayBackHost['openBeside'];
  isWriteUnanswered(): boolean;
  /** What waited for another session may be sent in this one. */
  resume(): void;
  sentBytes(): number;
  send(message: { op: string }, eventId: string): void;
  isOnline(): boolean;
  isShutdown(): boolean;
  /** Whether the server refuses the session. */
  isRefused(): boolean;
  /** Why it does. */
  refusal(): InstantNodeError | undefined;
  /** The server may answer otherwise than before. */
  asksAnew(): void;
  /** Refuses the session on the server's behalf. */
  refuse(refusal: Refusal): void;
  /** A connection has ended; core does not know yet. Returns whether that is put down to a write. */
  sessionEnded(end: SessionEnd): boolean;
  /** Has core say that there is no connection, or that one is being opened. */
  setStatus(status: 'closed' | 'connecting'): void;
  report(error: InstantNodeError): void;
}
