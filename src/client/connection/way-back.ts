import type { Clock } from '../timing/clock.ts';
import type { Timer } from '../timing/timers.ts';
import { Probe } from './probe.ts';
import type { SocketConnection } from './socket-connection.ts';

/** How often it is looked whether the session may be left. */
const LOOK_MS = 10;
/** How long nothing new is sent for that; after this long the session has too much to do, and is left later. */
const PAUSE_MS = 5_000;
/** Within this time of that, the session is left at a moment when no post is under way. */
const POSTS_MS = 1_000;
/** How soon a session that had too much to do is tried again, where that is sooner than a WebSocket would be. */
const BUSY_MS = 10_000;
/** How often the time between tries doubles for WebSockets that open and bring nothing. */
const MOST_DOUBLINGS = 4;

/** What a {@link WayBack} needs to know and to do. */
export interface WayBackHost {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** How long an event stream is used before a WebSocket is tried, in milliseconds. */
  readonly webSocketRetryMs: number;
  /** How long that may take to open, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Opens a WebSocket beside the current connection. `ended` is not called for one that was dropped here. */
  openBeside(events: { opened(): void; ended(): void }): SocketConnection;
  /** Whether the server owes the answer to a write. */
  isWriteUnanswered(): boolean;
  /** Whether something is being posted. */
  isPosting(): boolean;
  send(message: { op: string }, eventId: string): void;
  /** What was held back may be sent. */
  resume(): void;
  /** A WebSocket is let through. */
  letThrough(): void;
  /** Ends the session and begins another at once, over what `take` returns. */
  move(): void;
}

/** The WebSocket is open, and the session finishes what it has begun. */
interface Pausing {
  readonly is: 'pausing';
  readonly socket: SocketConnection;
  readonly since: number;
  /** Whether the server has answered since then. */
  isHeard: boolean;
  timer: Timer;
}

/** What is being done about the way back. */
type Step =
  /** There is no session over an event stream. */
  | { is: 'none' }
  | { is: 'waiting'; timer: Timer }
  | { is: 'trying'; socket: SocketConnection; timer: Timer }
  | Pausing
  /** The next session is to begin over it. */
  | { is: 'moving'; socket: SocketConnection };

const NONE: Step = { is: 'none' };

/**
 * The way back from an event stream to a WebSocket. Now and then one is opened beside the session. When it opens, the
 * session sends nothing new until the server has answered all that it was sent, and then begins anew over the WebSocket.
 */
export class WayBack {
  readonly #host: WayBackHost;
  readonly #probe: Probe;
  #step: Step = NONE;
  /** How often the session was moved since one over a WebSocket was last accepted. */
  #moves = 0;

  constructor(host: WayBackHost) {
    this.#host = host;
    this.#probe = new Probe(host.clock, (message, eventId) => host.send(message, eventId));
  }

  /** Whether writes, presence and topics wait for the session over the WebSocket. */
  get isHolding(): boolean {
    return this.#step.is === 'pausing' || this.#step.is === 'moving';
  }

  /** A session has begun. */
  accepted(kind: 'websocket' | 'sse' | undefined): void {
    this.stop();
    if (kind === 'sse') this.#wait(this.#host.webSocketRetryMs * 2 ** Math.min(this.#moves, MOST_DOUBLINGS));
    else this.#moves = 0;
  }

  /** The server has said something. */
  received(message: unknown): void {
    if (this.#step.is === 'pausing' && this.#probe.answered(message)) this.#step.isHeard = true;
  }

  /** The session is over, or another has begun. */
  stop(): void {
    const step = this.#step;
    this.#step = NONE;
    if ('timer' in step) step.timer.cancel();
    if (step.is === 'trying' || step.is === 'pausing') step.socket.terminate();
    // It was known to open; the event stream has ended by itself.
    if (step.is === 'pausing') this.#host.letThrough();
  }

  /** The open WebSocket over which the next session is to begin; undefined when there is none. */
  take(): SocketConnection | undefined {
    const step = this.#step;
    return step.is === 'moving' && step.socket.isOpen() ? step.socket : undefined;
  }

  #wait(ms: number): void {
    this.#step = { is: 'waiting', timer: this.#host.clock.after(ms, () => this.#try()) };
  }

  #try(): void {
    const { clock, connectTimeoutMs, webSocketRetryMs } = this.#host;
    const socket = this.#host.openBeside({
      opened: () => this.#pause(),
      ended: () => this.#givenUp(webSocketRetryMs),
    });
    const timer = clock.after(connectTimeoutMs, () => this.#givenUp(webSocketRetryMs));
    this.#step = { is: 'trying', socket, timer };
  }

  /** Goes on as before, and tries again later. */
  #givenUp(ms: number): void {
    const step = this.#step;
    if (step.is !== 'trying' && step.is !== 'pausing') return;
    step.timer.cancel();
    this.#wait(ms);
    step.socket.terminate();
    if (step.is === 'pausing') this.#host.resume();
  }

  #pause(): void {
    const step = this.#step;
    if (step.is !== 'trying') return;
    const { clock } = this.#host;
    step.timer.cancel();
    const { socket, timer } = step;
    const paused: Pausing = { is: 'pausing', socket, timer, since: clock.now(), isHeard: false };
    this.#step = paused;
    // The answer comes after all that was sent before it has arrived.
    this.#probe.send();
    this.#look(paused);
  }

  #look(step: Pausing): void {
    if (this.#step !== step) return;
    const { clock, webSocketRetryMs } = this.#host;
    const pausedMs = clock.now() - step.since;
    if (this.#mayLeave(step, pausedMs)) this.#leave(step.socket);
    else if (pausedMs >= PAUSE_MS) this.#givenUp(Math.min(BUSY_MS, webSocketRetryMs));
    else step.timer = clock.after(LOOK_MS, () => this.#look(step));
  }

  #mayLeave({ isHeard }: Pausing, pausedMs: number): boolean {
    const host = this.#host;
    if (!isHeard || host.isWriteUnanswered()) return false;
    // By now what is posted is of streams, which go on where the server has them.
    return !host.isPosting() || pausedMs >= POSTS_MS;
  }

  #leave(socket: SocketConnection): void {
    this.#moves++;
    this.#step = { is: 'moving', socket };
    this.#host.move();
  }
}
