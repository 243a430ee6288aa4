import { type SSEConnection, validateQuery, weakHash } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver } from '../drivers/contract.ts';
import { InstantNodeError } from '../errors.ts';
import { SocketConnection, type Traffic } from './connection.ts';
import { deferred } from './deferred.ts';
import { callSafely } from './emitter.ts';
import { endStreams } from './end-streams.ts';
import { openEventStream } from './event-stream.ts';
import { releasable } from './network.ts';
import { Outage } from './outage.ts';
import { assertSendable } from './queries/sendable.ts';
import type { Confirmation } from './queue-reactor.ts';
import { Saving, within } from './saving.ts';
import type { AnySchema } from './schema.ts';
import { Timers } from './timers.ts';
import { type WriteParts, WriteReactor } from './write-reactor.ts';

const QUERY_ONCE_TIMEOUT_MS = 30_000;
/** How long a closing handshake may take before the connection is dropped. */
const CLOSE_GRACE_MS = 250;
const MAX_RECONNECT_MS = 10_000;
/** How long a storage that is still being opened is waited for at the end. */
const OPENING_GRACE_MS = 1_000;
/** A timer keeps the process running while there is no socket, and this is the longest there is. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a reactor is made with. */
export interface ReactorParts extends Omit<WriteParts, 'timers'> {
  network: NetworkListenerClass;
  socket: SocketDriver;
  keepAlive: boolean;
}

type Callback = (...values: never[]) => void;

/**
 * Core's reactor, on a server: core's queries, writes, users and rooms over sockets and timers of ours.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong outside a browser.
 */
export class NodeReactor<Schema extends AnySchema> extends WriteReactor<Schema> {
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  /** How many connections were opened so far. */
  connections = 0;
  readonly #parts: ReactorParts;
  readonly #timers: Timers;
  readonly #outage: Outage;
  readonly #savings: readonly Saving[];
  readonly #unlisten: () => void;
  #open: Set<SocketConnection> = new Set();

  /** Only to be called in a browser-like host, see `inBrowserLikeHost`. */
  constructor(parts: ReactorParts) {
    const network = releasable(parts.network, (cause) =>
      this.report(
        new InstantNodeError('connection-failed', 'Cannot tell whether the network is there', { cause }),
      ),
    );
    const timers = new Timers(parts.keepAlive);
    super({ ...parts, timers, network: network.listener });
    this.#parts = parts;
    this.#timers = timers;
    this.#unlisten = network.release;
    this.#outage = new Outage(parts.core.websocketURI, (error) => this.report(error));
    if (parts.keepAlive) this.#holdProcess();
    const { subs } = this._syncTable as unknown as { subs: object };
    this.#savings = [this.kv, this.querySubs, subs].map((saved) => new Saving(saved));
    if (!parts.keepAlive) for (const saving of this.#savings) saving.letGo();
    // Core closes `_transport` when the user changes, which may be before the first connection.
    this._transport ??= neverConnected as never;
    this._scheduleReconnect = () => this.#reconnectLater();
  }

  // Core opens the runtime's global WebSocket, which Node 20 lacks and which the others cannot let go of. It also
  // connects at first when it was told that there is no network, and then reads but does not write.
  override _startSocket(): void {
    this._wsOk = null;
    if (this._isShutdown || this._transport.isConnecting()) return;
    if (!this._isOnline) {
      this._setStatus('closed');
      return;
    }
    const previous = this._transport;
    this._transport = (this.#usesSse() ? this.#openSse() : this.#openSocket()) as never;
    this._transport.onopen = this._transportOnOpen;
    this._transport.onmessage = this._transportOnMessage;
    this._transport.onclose = this._transportOnClose;
    this._transport.onerror = this._transportOnError;
    this.connections++;
    if (previous.isOpen()) previous.close();
  }

  // Core trusts its server. A message that it cannot take would throw half-way through a change of its state.
  override _handleReceive(connectionId: string, message: unknown): void {
    this.acks.heard();
    try {
      // Inside, because a message can be nested deeper than the stack reaches.
      const sound = this.soundPartOf(message);
      if (!sound) return;
      if (sound.op === 'transact-ok') {
        this._log.info('[receive]', connectionId, 'transact-ok', sound);
        this.acks.answered();
        this.confirmWrite(sound as unknown as Confirmation);
      } else super._handleReceive(connectionId, sound);
    } catch (cause) {
      const { op } = Object(message) as { op?: unknown };
      this.report(
        new InstantNodeError('protocol', `Cannot take a message "${String(op)}" of the server`, { cause }),
      );
    }
  }

  // Core's timer of 30 s outlives the answer, and with it the process. Core also lets it run out when the server has
  // refused the session, and then says that the query timed out.
  override queryOnce(query: object, options?: { ruleParams?: object }): Promise<unknown> {
    if (this.status === 'errored') return Promise.reject(this.refusedSession());
    // Offline, core refuses at once and starts no timer.
    if (!this._isOnline) return super.queryOnce(query, options);
    assertSendable(query, options?.ruleParams);
    if (!this.config.disableValidation) validateQuery(query, this.config.schema);
    const q = options?.ruleParams ? { $$ruleParams: options.ruleParams, ...query } : query;
    const hash = weakHash(q);
    const dfd = deferred<unknown>();
    const eventId = this._startQuerySub(q, hash);
    this.queryOnceDfds[hash] ??= [];
    this.queryOnceDfds[hash].push({ q, dfd: dfd as never, eventId });
    const timer = this.#timers.after(QUERY_ONCE_TIMEOUT_MS, () => {
      dfd.reject(new Error('Query timed out'));
      this._completeQueryOnce(q, hash, dfd);
    });
    dfd.promise.then(timer.cancel, timer.cancel);
    return dfd.promise;
  }

  // In a browser an exception in a callback is reported and forgotten. In a socket's handler on a server it would cut
  // off core in the middle of its work.
  override subscribeQuery(query: unknown, callback: Callback, options?: unknown): () => void {
    const { failure } = this;
    if (failure) callSafely(callback as (state: object) => void, { error: { message: failure.message } });
    return super.subscribeQuery(query, safely(callback), options);
  }

  override subscribeAuth(callback: Callback): () => void {
    return super.subscribeAuth(safely(callback));
  }

  override subscribeConnectionStatus(callback: Callback): () => void {
    return super.subscribeConnectionStatus(safely(callback));
  }

  override subscribeAppStatus(callback: Callback): () => void {
    return super.subscribeAppStatus(safely(callback));
  }

  override subscribeAttrs(callback: Callback): () => void {
    return super.subscribeAttrs(safely(callback));
  }

  override subscribePresence(
    roomType: string,
    roomId: string,
    options: unknown,
    callback: Callback,
  ): () => void {
    return super.subscribePresence(roomType, roomId, options, safely(callback));
  }

  override subscribeTopic(roomType: string, roomId: string, topic: string, callback: Callback): () => void {
    return super.subscribeTopic(roomType, roomId, topic, safely(callback));
  }

  /**
   * Resolves once no write waits for the server any more, or waiting for it is of no use: the session was refused,
   * the network is away, or there is no connection and the storage keeps what was not delivered.
   */
  delivered(): Promise<void> {
    return this.deliveredWhile(() => {
      if (!this._isOnline || this.status === 'errored') return false;
      return this.status !== 'closed' || !this.keeping.durable;
    });
  }

  override _setStatus(status: string, error?: unknown): void {
    if (status === 'authenticated') this.#outage.accepted();
    super._setStatus(status, error);
    if (status === 'errored') this.#rejectQueries(this.refusedSession());
    this.queueChanged();
  }

  /** Saves what has changed and not been saved yet; rejects when that does not work. */
  async flush(): Promise<void> {
    if (this.failure) return;
    await within(OPENING_GRACE_MS, this.keeping.loaded);
    // Nothing was read yet, so there is nothing to save but writes, whose promises say that they were not.
    if (!this.keeping.isLoaded) return;
    await Promise.all(this.#savings.map((saving) => saving.flush()));
    await this.keeping.flush();
  }

  /** Ends the connection, the timers, and every query and stream that waits for the server. */
  async disconnect(): Promise<void> {
    this._isShutdown = true;
    this.#unlisten();
    this.#rejectQueries(
      new InstantNodeError('closed', 'The database was closed before the query was answered'),
    );
    endStreams(
      this._instantStream,
      new InstantNodeError('closed', 'The database was closed before the stream ended'),
    );
    this.#timers.clear();
    const open = [...this.#open];
    for (const connection of open) connection.close();
    if (!open.some((connection) => connection === (this._transport as unknown))) this._transport.close();
    this._setStatus('closed');
    await within(CLOSE_GRACE_MS, Promise.all(open.map((connection) => connection.closed)));
    for (const connection of this.#open) connection.terminate();
  }

  override shutdown(): void {
    void this.disconnect();
  }

  /** Saves nothing any more, and releases the storage; the last thing to be called. */
  async release(): Promise<void> {
    for (const saving of this.#savings) saving.stop();
    await this.keeping.dispose();
  }

  protected override connectNow(): void {
    if (this._transport.isOpen() || !this._isOnline) return;
    this._reconnectTimeoutMs = 0;
    this._startSocket();
  }

  protected override dropSilentConnection(ms: number): void {
    const seconds = Math.round(ms / 1_000);
    this.report(
      new InstantNodeError(
        'connection-failed',
        `Renewing the connection: no answer to a transaction for ${seconds} s`,
      ),
    );
    const transport: unknown = this._transport;
    if (transport instanceof SocketConnection) transport.terminate();
    else this._transport.close();
  }

  #usesSse(): boolean {
    return this._transportType === 'sse' && this._EventSource !== undefined;
  }

  #openSse(): SSEConnection {
    return openEventStream(
      this._EventSource,
      `${this.config.apiURI}/runtime/sse?app_id=${this.config.appId}`,
    );
  }

  #openSocket(): SocketConnection {
    const connection = new SocketConnection({
      url: `${this.config.websocketURI}?app_id=${this.config.appId}`,
      driver: this.#parts.socket,
      hold: this.#parts.keepAlive,
      traffic: this.traffic,
      outage: this.#outage,
      onMalformed: (cause) => {
        this.report(
          new InstantNodeError('protocol', 'Ignored what the server sent: a frame is not JSON', { cause }),
        );
      },
    });
    this.#outage.connecting();
    this.#open.add(connection);
    connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  #holdProcess(): void {
    this.#timers.after(LONGEST_TIMER_MS, () => this.#holdProcess());
  }

  #reconnectLater(): void {
    // As core: a WebSocket that never worked gives way to SSE, where there is an EventSource for it.
    if (!this._wsOk && this._transportType !== 'sse') {
      this._transportType = 'sse';
      this._reconnectTimeoutMs = 0;
    }
    const ended = this._transport;
    this.#timers.after(this._reconnectTimeoutMs, () => {
      // Connected meanwhile, by a call for it.
      if (this._transport !== ended) return;
      this._reconnectTimeoutMs = Math.min(this._reconnectTimeoutMs + 1_000, MAX_RECONNECT_MS);
      if (this._isOnline) this._startSocket();
    });
  }

  /** Rejects what `queryOnce` has promised. */
  #rejectQueries(reason: Error): void {
    for (const [hash, waiting] of Object.entries(this.queryOnceDfds)) {
      for (const { q, dfd } of waiting) {
        dfd.reject(reason);
        this._completeQueryOnce(q, hash, dfd as never);
      }
    }
  }
}

/** Stands in for a connection while there has been none. */
const neverConnected = { isOpen: () => false, isConnecting: () => false, close() {} };

function safely(callback: Callback): Callback {
  return (...values) => callSafely(callback, ...values);
}
