import {
  Reactor,
  type RoomsOf,
  type SSEConnection,
  type StoreInterfaceClass,
  validateQuery,
  weakHash,
} from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver } from '../drivers/contract.ts';
import { InstantNodeError } from '../errors.ts';
import { AckWatch } from './ack-watch.ts';
import type { CoreConfig } from './config.ts';
import { SocketConnection, type Traffic } from './connection.ts';
import { deferred } from './deferred.ts';
import { callSafely, Emitter } from './emitter.ts';
import { endStreams } from './end-streams.ts';
import { openEventStream } from './event-stream.ts';
import { malformation } from './inbound.ts';
import { releasable } from './network.ts';
import { Outage } from './outage.ts';
import { Saving, within } from './saving.ts';
import type { AnySchema } from './schema.ts';
import { Timers } from './timers.ts';
import type { Mutation, MutationError, PendingTransaction, TransactionError } from './transactions.ts';

const QUERY_ONCE_TIMEOUT_MS = 30_000;
/** How long a closing handshake may take before the connection is dropped. */
const CLOSE_GRACE_MS = 250;
const MAX_RECONNECT_MS = 10_000;
/** A timer keeps the process running while there is no socket, and this is the longest there is. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a reactor is made with. */
export interface ReactorParts {
  core: CoreConfig;
  Store: StoreInterfaceClass;
  /** Whether what the store took survives the process. */
  durable: boolean;
  network: NetworkListenerClass;
  socket: SocketDriver;
  keepAlive: boolean;
  versions: Record<string, string>;
  EventSource: unknown;
}

type Callback = (...values: never[]) => void;

/**
 * Core's reactor, on a server: core's queries, writes, users and rooms over sockets and timers of ours.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong outside a browser.
 */
export class NodeReactor<Schema extends AnySchema> extends Reactor<RoomsOf<Schema>> {
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  readonly errors: Emitter<InstantNodeError> = new Emitter();
  readonly transactionErrors: Emitter<TransactionError> = new Emitter();
  /** How many connections were opened so far. */
  connections = 0;
  readonly #parts: ReactorParts;
  readonly #timers: Timers;
  readonly #acks: AckWatch;
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
    super(
      parts.core,
      parts.Store as never,
      network.listener as never,
      parts.versions,
      parts.EventSource as never,
    );
    this.#parts = parts;
    this.#unlisten = network.release;
    this.#outage = new Outage(parts.core.websocketURI, (error) => this.report(error));
    this.#timers = new Timers(parts.keepAlive);
    if (parts.keepAlive) this.#holdProcess();
    this.#acks = new AckWatch(this.#timers, {
      overdue: (eventId) => super._finishTransaction('enqueued', eventId),
      silent: (ms) => this.#dropSilentConnection(ms),
    });
    const { subs } = this._syncTable as unknown as { subs: object };
    this.#savings = [this.kv, this.querySubs, subs].map((saved) => new Saving(saved));
    if (!parts.keepAlive) for (const saving of this.#savings) saving.letGo();
    // Core closes `_transport` when the user changes, which may be before the first connection.
    this._transport ??= neverConnected as never;
    this._scheduleReconnect = () => this.#reconnectLater();
  }

  /** Tells subscribers, or else the log, of something that went wrong in the background. */
  report(error: InstantNodeError): void {
    if (this.errors.size > 0) this.errors.emit(error);
    else this.#parts.core.logger.error(`[instant] ${error.message}`, error.cause ?? '');
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
    this.#acks.heard();
    try {
      // Inside, because a message can be nested deeper than the stack reaches.
      const problem = malformation(message);
      if (problem) {
        this.report(new InstantNodeError('protocol', `Ignored what the server sent: ${problem}`));
        return;
      }
      if ((message as { op: string }).op === 'transact-ok') this.#acks.answered();
      super._handleReceive(connectionId, message);
    } catch (cause) {
      const { op } = Object(message) as { op?: unknown };
      this.report(
        new InstantNodeError('protocol', `Cannot take a message "${String(op)}" of the server`, { cause }),
      );
    }
  }

  // Core starts a timer for each write and, after six seconds, undoes a write that the server may have committed.
  override _sendMutation(eventId: string, mutation: Mutation): void {
    if (mutation.error || this.status !== 'authenticated' || !this._isOnline) {
      super._sendMutation(eventId, mutation);
      return;
    }
    this._trySend(eventId, mutation, undefined);
    if (this.mutationDeferredStore.has(eventId)) this.#acks.sent(eventId);
  }

  // Core logs a refusal that nobody waits for to the console, where no program can see it.
  override _finishTransaction(
    status: 'enqueued' | 'pending' | 'synced' | 'timeout' | 'error',
    eventId: string,
    error?: MutationError,
  ): void {
    this.#acks.settled(eventId);
    const refused = status === 'error' || status === 'timeout';
    if (refused && !this.mutationDeferredStore.has(eventId) && this.transactionErrors.size > 0) {
      const message = error?.message ?? 'The server refused the transaction';
      this.transactionErrors.emit({ ...this.#refusal, eventId, message, hint: error?.hint });
      return;
    }
    super._finishTransaction(status, eventId, error);
  }

  #refusal: Pick<TransactionError, 'steps' | 'type'> = { steps: [] };

  // Core drops the server's kind of error, and has forgotten the steps by the time it reports the refusal.
  override _handleReceiveError(message: { type?: string; 'client-event-id'?: string }): void {
    const steps = this.#mutations().get(message['client-event-id'] ?? '')?.['tx-steps'] ?? [];
    this.#refusal = message.type === undefined ? { steps } : { steps, type: message.type };
    super._handleReceiveError(message);
  }

  // Core's timer of 30 s outlives the answer, and with it the process.
  override queryOnce(query: object, options?: { ruleParams?: object }): Promise<unknown> {
    // Offline, core refuses at once and starts no timer.
    if (!this._isOnline) return super.queryOnce(query, options);
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

  /** What waits for the server, oldest first. */
  pendingTransactions(): PendingTransaction[] {
    return [...this.#mutations()]
      .filter(([, mutation]) => mutation['tx-id'] === undefined && !mutation.error)
      .sort(([, a], [, b]) => (a.order ?? 0) - (b.order ?? 0))
      .map(([eventId, mutation]) => ({
        eventId,
        createdAt: new Date(mutation.created),
        steps: mutation['tx-steps'],
        state: this._inFlightMutationEventIds.has(eventId) && this._transport.isOpen() ? 'sent' : 'queued',
      }));
  }

  /**
   * Resolves once no write waits for the server any more, or waiting for it is of no use: the session was refused,
   * the network is away, or there is no connection and the store keeps what was not delivered.
   */
  async delivered(): Promise<void> {
    while (this.pendingTransactions().length > 0 && this.#mayDeliver()) {
      await new Promise<void>((resolve) => {
        this.#onDelivery = resolve;
      });
    }
  }

  #onDelivery: (() => void) | undefined;

  #mayDeliver(): boolean {
    if (!this._isOnline || this.status === 'errored') return false;
    return this.status !== 'closed' || !this.#parts.durable;
  }

  // Core has no event for a change of the queue.
  override _updatePendingMutations(change: (mutations: Map<string, Mutation>) => void): void {
    super._updatePendingMutations(change);
    this.#onDelivery?.();
  }

  override _setStatus(status: string, error?: unknown): void {
    if (status === 'authenticated') this.#outage.accepted();
    super._setStatus(status, error);
    this.#onDelivery?.();
  }

  /** Saves what has changed and not been saved yet. */
  async flush(): Promise<void> {
    await Promise.all(this.#savings.map((saving) => saving.flush()));
  }

  /**
   * Ends the connection, the timers and every promise that waits for the server. With a durable store a write that
   * was not delivered resolves as `enqueued`: it is kept. Without one it rejects: it is lost.
   */
  async disconnect(): Promise<void> {
    this._isShutdown = true;
    this.#unlisten();
    this.#settleWrites();
    this.#settleQueries();
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

  /** Saves nothing any more; the last thing to be called. */
  stopSaving(): void {
    for (const saving of this.#savings) saving.stop();
  }

  #mutations(): Map<string, Mutation> {
    return this._pendingMutations() as Map<string, Mutation>;
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
    this.#timers.after(this._reconnectTimeoutMs, () => {
      this._reconnectTimeoutMs = Math.min(this._reconnectTimeoutMs + 1_000, MAX_RECONNECT_MS);
      if (this._isOnline) this._startSocket();
    });
  }

  #dropSilentConnection(ms: number): void {
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

  #settleWrites(): void {
    const lost = new InstantNodeError(
      'closed',
      'The transaction was not delivered before the database was closed',
      {
        hint: 'Give close() more time with timeoutMs, or open the database with a storage that keeps pending writes',
      },
    );
    for (const [eventId, dfd] of [...this.mutationDeferredStore]) {
      if (this.#parts.durable) super._finishTransaction('enqueued', eventId);
      else {
        this.mutationDeferredStore.delete(eventId);
        dfd.reject(lost);
      }
    }
  }

  #settleQueries(): void {
    const closed = new InstantNodeError('closed', 'The database was closed before the query was answered');
    for (const { dfd } of Object.values(this.queryOnceDfds).flat()) dfd.reject(closed);
    this.queryOnceDfds = {};
  }
}

/** Stands in for a connection while there has been none. */
const neverConnected = { isOpen: () => false, isConnecting: () => false, close() {} };

function safely(callback: Callback): Callback {
  return (...values) => callSafely(callback, ...values);
}
