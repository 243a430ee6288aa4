import { TOO_LARGE_REASON } from '../../drivers/listen/contract.ts';
import { ServerError } from '../../protocol/error.ts';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { BodyTooLargeError } from '../http/requests/http-request.ts';
import type { Actor } from '../permissions/actor.ts';
import { isSameSecret } from '../permissions/hash-text.ts';
import { encode } from '../session/encode.ts';
import { Session } from './session.ts';
import { SsePeer } from './sse-peer.ts';

/** How often an idle stream sends a keep-alive. */
const KEEP_ALIVE_MS = 15_000;
/** How long clients should wait before they reconnect. */
const RETRY_MS = 500;
const CLOSED = 'Server closed';

interface Entry {
  readonly session: Session;
  readonly peer: SsePeer;
  readonly token: string;
  /** What was posted but not handed over yet, in order of arrival. */
  readonly posted: Posted[];
}

interface Posted {
  readonly messages: readonly unknown[];
  /** The size of the body. */
  readonly bytes: number;
  isAnswered: boolean;
}

/** What a client presents with the messages it posts. */
export interface SseCredentials {
  readonly machineId: string;
  readonly sessionId: string;
  readonly token: string;
}

/** The sessions whose clients listen to an event stream and post their messages. */
export class SseSessions {
  readonly #apps: Apps;
  readonly #host: BackendHost;
  readonly #keepAliveMs: number;
  readonly #entries = new Map<string, Entry>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  constructor(apps: Apps, host: BackendHost, keepAliveMs: number = KEEP_ALIVE_MS) {
    this.#apps = apps;
    this.#host = host;
    this.#keepAliveMs = keepAliveMs;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Opens a session, and returns the stream its client reads. `greet` is called once the client has been told how to
   * post.
   */
  open(sender: Pick<Actor, 'ip' | 'origin'>, greet?: (session: Session) => void): ReadableStream<Uint8Array> {
    const peer = new SsePeer(() => this.#closed(session.id));
    const session = new Session(peer, this.#apps, this.#host, sender);
    const token = this.#host.newId();
    this.#entries.set(session.id, { session, peer, token, posted: [] });
    this.#timer ??= setInterval(() => this.#beat(), this.#keepAliveMs);
    peer.setRetry(RETRY_MS);
    peer.send(
      encode({
        op: 'sse-init',
        'machine-id': this.#host.machineId,
        'session-id': session.id,
        'sse-token': token,
        'trace-id': null,
      }),
    );
    greet?.(session);
    if (this.#ended) peer.close(1001, CLOSED);
    return peer.body;
  }

  /** @throws {ServerError} `rate-limited` when no further session from this address may wait for an `init`. */
  assertRoomFor(ip: string | null): void {
    if (this.#host.newcomers.hasRoomFor(ip)) return;
    const message = 'Too many sessions wait for an init that is accepted. Try again later.';
    throw new ServerError('rate-limited', message);
  }

  /**
   * Accepts messages for a session. Returns a function to call after the request has been answered; it hands messages
   * over in the order in which they were accepted. `bytes` is the size of the body.
   *
   * @throws {ServerError} `member-missing` or `session-missing` when there is no such session, or it is another
   * client's; `param-malformed` when they exceed the limit before an `init`, which ends the session.
   */
  receive(
    { machineId, sessionId, token }: SseCredentials,
    messages: readonly unknown[],
    bytes: number,
  ): () => void {
    if (machineId !== this.#host.machineId) {
      const message = `Member missing for machine id: ${machineId}`;
      throw new ServerError('member-missing', message, { 'machine-id': machineId });
    }
    const entry = this.#entries.get(sessionId);
    if (!entry || !isSameSecret(token, entry.token)) {
      const message = `Session missing for id: ${sessionId}`;
      throw new ServerError('session-missing', message, { 'sess-id': sessionId });
    }
    // Those still waiting may include the `init`.
    const max = entry.posted.length === 0 ? excessLimit(entry, bytes) : undefined;
    if (max !== undefined) {
      entry.peer.close(1009, TOO_LARGE_REASON);
      throw new BodyTooLargeError(`before an init is accepted a body has at most ${max} bytes`);
    }
    const posted: Posted = { messages, bytes, isAnswered: false };
    entry.posted.push(posted);
    return () => {
      posted.isAnswered = true;
      handOver(entry);
    };
  }

  /** Ends every session, including any opened later. */
  end(): void {
    this.#ended = true;
    for (const { peer } of [...this.#entries.values()]) peer.close(1001, CLOSED);
  }

  #beat(): void {
    for (const { peer } of [...this.#entries.values()]) peer.beat();
  }

  #closed(sessionId: string): void {
    this.#entries.get(sessionId)?.session.closed();
    this.#entries.delete(sessionId);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The limit that a body currently exceeds; undefined when it does not. */
function excessLimit({ session: { maxMessageBytes } }: Entry, bytes: number): number | undefined {
  return maxMessageBytes !== undefined && bytes > maxMessageBytes ? maxMessageBytes : undefined;
}

/** Hands over messages whose requests have been answered, up to the first that has not. */
function handOver(entry: Entry): void {
  const { posted, peer, session } = entry;
  for (let next = posted[0]; next?.isAnswered; next = posted[0]) {
    posted.shift();
    const { messages, bytes } = next;
    if (excessLimit(entry, bytes) !== undefined) {
      peer.close(1009, TOO_LARGE_REASON);
      return;
    }
    for (const message of messages) session.receiveEvent(message, bytes / messages.length);
  }
}
