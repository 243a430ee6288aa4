import { Buffer } from 'node:buffer';
import { clearTimeout, setTimeout } from 'node:timers';
import type { HandshakeRefusal } from '../../drivers/contract.ts';
import type { Send } from '../../drivers/requests/send.ts';
import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { waitAtMost } from '../timing/wait-at-most.ts';
import { openSource, openSourceOf, type Source, type SourceEvents } from './event-source.ts';
import type { FailedAttempts } from './failed-attempts.ts';
import { PostQueue } from './post-queue.ts';
import { CLOSE_GRACE_MS, type Traffic } from './socket-connection.ts';

/** How long the server may take to greet, as in core. */
const GREETING_MS = 10_000;
/** The status of a post that is longer than the server, or what stands before it, takes; and the close code for that. */
const TOO_LARGE = { status: 413, code: 1009 };

/** What core hands to the callbacks of a connection. */
interface ConnectionEvent {
  target: EventStreamConnection;
}

/** What a connection over an event stream needs from the database that opens it. */
export interface EventStreamOptions {
  /** Where the stream is read from, and messages are posted to. */
  url: string;
  /** The database's own `fetch`. */
  send: Send;
  /** A class of the user's to read the stream by, in place of `send`. */
  EventSource?: unknown;
  /** Whether an open connection keeps the process running. */
  hold: boolean;
  /** Where bytes and messages are counted, across connections. */
  traffic: Traffic;
  /** Notified of connections that end by themselves. */
  attempts: Pick<FailedAttempts, 'failed' | 'ended' | 'couldNotSend'>;
  /** Called whenever anything arrives, a comment or a part of an event. */
  alive?(): void;
  /** Called for an event that is not JSON; the connection goes on. */
  onMalformed(cause: unknown): void;
}

let count = 0;

/**
 * Core's `Connection` over an event stream, with posts for what is sent: the same members, callbacks and events as core's
 * `SSEConnection`, and as `SocketConnection` here. Unlike core's, it works without a global `EventSource`, goes the
 * database's own way, survives an event that is not JSON, shows each byte as a sign of life, says why it ended, and holds
 * no timer once it has. What was handed to `send` before `close()` is still posted.
 */
export class EventStreamConnection {
  readonly type = 'sse';
  /** As `db.connection` calls it. */
  readonly kind = 'sse';
  readonly id: string = `sse_${count++}`;
  onopen: ((event: ConnectionEvent) => void) | null = null;
  onmessage: ((event: ConnectionEvent & { message: unknown }) => void) | null = null;
  onclose: ((event: ConnectionEvent & { code: number; reason: string; isOurs: boolean }) => void) | null =
    null;
  onerror:
    | ((event: ConnectionEvent & { cause: unknown; refusal?: HandshakeRefusal | undefined }) => void)
    | null = null;
  readonly #options: EventStreamOptions;
  /** Undefined while a class of the user's is being constructed, which may fail at once. */
  readonly #source: Source | undefined;
  readonly #posts: PostQueue;
  readonly #greeting: NodeJS.Timeout;
  #session: object | undefined;
  #receivedBytes = 0;
  #isOver = false;
  #isClosedHere = false;
  #closed: (() => void) | undefined;
  /** Resolves once nothing of it is left, which may be later than `onclose`. */
  readonly closed: Promise<void> = new Promise((resolve) => {
    this.#closed = resolve;
  });

  constructor(options: EventStreamOptions) {
    this.#options = options;
    const { url, send, hold, EventSource } = options;
    const events: SourceEvents = {
      bytes: (bytes) => {
        this.#receivedBytes += bytes;
        if (!this.#isOver) options.alive?.();
      },
      data: (text) => this.#receive(text),
      failed: (cause, refusal) => this.#fail(cause, 1006, refusal),
    };
    this.#posts = new PostQueue({
      ...{ url, send, hold },
      session: () => this.#session ?? {},
      failed: (cause, status) => this.#fail(cause, status === TOO_LARGE.status ? TOO_LARGE.code : 1006),
    });
    this.#greeting = setTimeout(() => this.#fail(notGreeted()), GREETING_MS);
    if (!hold) this.#greeting.unref();
    this.#source =
      EventSource === undefined
        ? openSource(url, send, hold, events)
        : openSourceOf(EventSource, url, events);
    if (this.#isOver) this.#source.close();
  }

  /** Whether this side ended it. */
  get isClosedHere(): boolean {
    return this.#isClosedHere;
  }

  isOpen(): boolean {
    return !this.#isOver && this.#session !== undefined;
  }

  isConnecting(): boolean {
    return !this.#isOver && this.#session === undefined;
  }

  /** Whether a post is under way. */
  isPosting(): boolean {
    return this.#posts.isUnderWay;
  }

  /** How many bytes have arrived: those of the stream, or with a class of the user's, the length of what it has told. */
  receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** How many bytes of posts the system has not taken yet. */
  bufferedBytes(): number {
    return this.#posts.bufferedBytes;
  }

  send(message: object): void {
    const { attempts, traffic } = this.#options;
    if (!this.isOpen()) {
      attempts.couldNotSend(
        new InstantNodeError('connection-failed', 'Cannot send: the event stream is not open'),
      );
      this.terminate();
      return;
    }
    traffic.sentMessages++;
    traffic.sentBytes += this.#posts.push(JSON.stringify(message));
  }

  /** Ends it. What was sent before is still posted, for at most {@link CLOSE_GRACE_MS}. */
  close(): void {
    if (this.#isOver) return;
    this.#isClosedHere = true;
    // The server forgets the session together with the stream, so the stream stays until the posts are through.
    void waitAtMost(CLOSE_GRACE_MS, this.#posts.done()).then(() => this.#drop());
    this.#end(1000, '');
  }

  /** Drops it at once, with what has not been posted. */
  terminate(): void {
    this.#isClosedHere = true;
    this.#drop();
    this.#end(1006, '');
  }

  #drop(): void {
    this.#source?.close();
    this.#posts.abort();
    this.#closed?.();
  }

  #fail(cause: unknown, code = 1006, refusal?: HandshakeRefusal): void {
    if (this.#isOver) return;
    const { attempts } = this.#options;
    attempts.failed(cause, refusal);
    this.onerror?.({ target: this, cause, refusal });
    this.#drop();
    if (this.#isOver) return;
    const reason = cause instanceof InstantNodeError ? cause.message : '';
    attempts.ended(code, reason);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#greeting);
    this.onclose?.({ target: this, code, reason, isOurs: this.#isClosedHere });
  }

  #receive(text: string): void {
    if (this.#isOver) return;
    const { traffic, onMalformed } = this.#options;
    traffic.receivedMessages++;
    traffic.receivedBytes += Buffer.byteLength(text);
    let event: unknown;
    try {
      event = JSON.parse(text);
    } catch (cause) {
      onMalformed(cause);
      return;
    }
    for (const message of Array.isArray(event) ? event : [event]) this.#take(message);
  }

  #take(message: unknown): void {
    if (this.#isOver) return;
    if (!isObject(message) || message.op !== 'sse-init') {
      this.onmessage?.({ target: this, message });
      return;
    }
    clearTimeout(this.#greeting);
    this.#session = {
      machine_id: message['machine-id'],
      session_id: message['session-id'],
      sse_token: message['sse-token'],
    };
    this.onopen?.({ target: this });
  }
}

function notGreeted(): InstantNodeError {
  return new InstantNodeError(
    'connection-failed',
    `The server did not greet within ${GREETING_MS / 1_000} s`,
  );
}
