import { id, type Reactor, type SSEConnection, validateQuery, weakHash } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver } from '../drivers/contract.ts';
import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import { assertCallback, type Callback } from './calls/callback.ts';
import { openEventStream } from './connection/event-stream.ts';
import { Outage } from './connection/failed-attempts.ts';
import { releasable } from './connection/releasable-network.ts';
import { CLOSE_GRACE_MS, SocketConnection, type Traffic } from './connection/socket-connection.ts';
import { Saving, within } from './persistence/saving.ts';
import { withPrintableClauses } from './queries/printable-clauses.ts';
import {
  limited,
  parseQueryOnceOptions,
  type QueryOnceOptions,
  queryTimedOut,
} from './queries/query-once.ts';
import type { Confirmation } from './queue-reactor.ts';
import { type Refusal, refusedBy } from './refusals/server-refusal.ts';
import { sessionError } from './refusals/session-refused.ts';
import { assertPresenceOptions, type PresenceOptions, type PresenceSlice } from './rooms/presence-slice.ts';
import type { PresenceCallback, TopicCallback } from './rooms/room.ts';
import { isRoomFrame, Rooms, type Topical } from './rooms/rooms.ts';
import type { AnySchema } from './schema/any-schema.ts';
import type { RefusalMessage } from './sending-reactor.ts';
import { endStreams } from './streams/end-streams.ts';
import { readStream } from './streams/read-stream.ts';
import { findOwnStreamsAlone } from './streams/stream-records.ts';
import { tellStreamRefusals } from './streams/stream-refusals.ts';
import { writeStream } from './streams/write-stream.ts';
import { forgetTables } from './sync-tables/forget-tables.ts';
import { deferred } from './timing/deferred.ts';
import { callSafely } from './timing/emitter.ts';
import { Timers } from './timing/timers.ts';
import { mayPass } from './transactions/transactions.ts';
import { assertSendable } from './values/sendable.ts';
import { asQueryError, type WriteParts, WriteReactor } from './write-reactor.ts';

const MAX_RECONNECT_MS = 10_000;
/** How long after a refusal the server is asked for the session again. */
const ASK_AGAIN_MS = 30_000;
/** How long a change of user waits for the session of the new one. */
const NEW_SESSION_MS = 5_000;
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

/**
 * Core's reactor, on a server: core's queries, writes, users and rooms over sockets and timers of ours.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong outside a browser.
 */
export class NodeReactor<Schema extends AnySchema> extends WriteReactor<Schema> {
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 };
  /** How many connections were opened so far. */
  connections = 0;
  readonly rooms: Rooms = new Rooms({
    isOpen: () => this.status === 'authenticated' && this._transport.isOpen(),
    send: (message) => this._trySendAuthed(id(), message),
    sessionId: () => this._sessionId,
    report: (problem) => this.#ignored(problem),
  });
  readonly #parts: ReactorParts;
  readonly #timers: Timers;
  readonly #outage: Outage;
  readonly #savings: readonly Saving[];
  readonly #streamsEnded = new AbortController();
  readonly #unlisten: () => void;
  #open: Set<SocketConnection> = new Set();
  /** Connections over which the session was asked for: core asks twice when the user was slow to be read. */
  readonly #asked: WeakSet<object> = new WeakSet();
  /** Whether the server refused the session the last time that it answered. */
  #isRefused = false;
  /** The refusal of a session, while core handles it: core keeps the words alone. */
  #initRefusal: RefusalMessage | undefined;
  /** Whether the last that there was to tell has been told. */
  #isSilent = false;

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
    findOwnStreamsAlone(this._instantStream);
    tellStreamRefusals(this._instantStream);
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
      const sound = this.soundPartOf(message) as { op: string } | undefined;
      if (!sound) return;
      if (sound.op === 'transact-ok') {
        this._log.info('[receive]', connectionId, 'transact-ok', sound);
        this.acks.answered();
        this.confirmWrite(sound as unknown as Confirmation);
      } else if (isRoomFrame(sound)) {
        if (!sound.op.endsWith('-presence')) this._log.info('[receive]', connectionId, sound.op, sound);
        this.rooms.receive(sound);
      } else super._handleReceive(connectionId, sound);
      if (sound.op === 'init-ok') this.rooms.rejoin();
    } catch (cause) {
      const { op } = Object(message) as { op?: unknown };
      this.report(
        new InstantNodeError('protocol', `Cannot take a message "${String(op)}" of the server`, { cause }),
      );
    }
  }

  // Core's timer of 30 s outlives the answer, and with it the process. Core also lets it run out when the server has
  // refused the session, says nothing of why a query timed out, and cannot give one up.
  override queryOnce(given: object, options?: QueryOnceOptions): Promise<unknown> {
    const { ruleParams, timeoutMs, signal } = parseQueryOnceOptions(options);
    if (this.status === 'errored') return Promise.reject(this.refusedSession());
    if (signal?.aborted) return Promise.reject(signal.reason);
    // Offline, core refuses at once and starts no timer.
    if (!this._isOnline) return super.queryOnce(given, undefined);
    assertSendable(given, ruleParams);
    const query = withPrintableClauses(given);
    if (!this.config.disableValidation) validateQuery(query, this.config.schema);
    const q = ruleParams ? { $$ruleParams: ruleParams, ...query } : query;
    const hash = weakHash(q);
    const dfd = deferred<unknown>();
    const eventId = this._startQuerySub(q, hash);
    this.queryOnceDfds[hash] ??= [];
    this.queryOnceDfds[hash].push({ q, dfd: dfd as never, eventId });
    const giveUp = (reason: unknown): void => {
      dfd.reject(reason as Error);
      this._completeQueryOnce(q, hash, dfd);
    };
    limited(dfd.promise, { timeoutMs, signal }, this.#timers, {
      expired: () => giveUp(queryTimedOut(query, timeoutMs, this.status, this.#outage.lastError)),
      aborted: giveUp,
    });
    return dfd.promise;
  }

  // In a browser an exception in a callback is reported and forgotten. In a socket's handler on a server it would cut
  // off core in the middle of its work.
  override subscribeQuery(query: unknown, callback: Callback, options?: unknown): () => void {
    const told = this.#safely('subscribeQuery', callback);
    const unsubscribe = super.subscribeQuery(query, told, options);
    if (this.status === 'errored')
      (told as (state: object) => void)({ error: asQueryError(this.refusedSession()) });
    return unsubscribe;
  }

  override subscribeAuth(callback: Callback): () => void {
    return super.subscribeAuth(this.#safely('subscribeAuth', callback));
  }

  override subscribeConnectionStatus(callback: Callback): () => void {
    return super.subscribeConnectionStatus(this.#safely('subscribeConnectionStatus', callback));
  }

  override subscribeAppStatus(callback: Callback): () => void {
    return super.subscribeAppStatus(this.#safely('subscribeAppStatus', callback));
  }

  override subscribeAttrs(callback: Callback): () => void {
    return super.subscribeAttrs(this.#safely('subscribeAttrs', callback));
  }

  // Core keeps rooms in plain objects by the names that users give them, and compares and edits what peers show by
  // methods of that. `__proto__`, `constructor` or `hasOwnProperty` as a name ends it, or changes Object.prototype.
  override joinRoom(roomType: string, roomId: string, initialPresence?: object | null): () => void {
    return this.rooms.join(roomType, roomId, initialPresence);
  }

  override subscribePresence(
    roomType: string,
    roomId: string,
    options: PresenceOptions,
    callback: PresenceCallback,
  ): () => void {
    assertPresenceOptions('subscribePresence', options);
    return this.rooms.subscribePresence(
      roomType,
      roomId,
      options,
      this.#safely('subscribePresence', callback),
    );
  }

  override publishPresence(_roomType: string, roomId: string, changes: object): void {
    this.rooms.publishPresence(roomId, changes);
  }

  override getPresence(_roomType: string, roomId: string, options?: PresenceOptions): PresenceSlice | null {
    assertPresenceOptions('getPresence', options);
    return this.rooms.presence(roomId, options);
  }

  override publishTopic(said: Topical): void {
    this.rooms.publishTopic(said);
  }

  override subscribeTopic(
    roomType: string,
    roomId: string,
    topic: string,
    callback: TopicCallback,
  ): () => void {
    return this.rooms.subscribeTopic(roomType, roomId, topic, this.#safely('subscribeTopic', callback));
  }

  override createWriteStream(options: Parameters<typeof writeStream>[1]): ReturnType<typeof writeStream> {
    return writeStream(this._instantStream, options);
  }

  override createReadStream(options: Parameters<typeof readStream>[1]): ReturnType<typeof readStream> {
    return readStream(this._instantStream, options, this.#streamsEnded.signal);
  }

  override subscribeTable(query: unknown, callback: Callback): ReturnType<Reactor['subscribeTable']> {
    assertCallback('_syncTableExperimental', callback);
    const told = ((event: { type?: unknown; error?: Refusal }) => {
      (callback as (event: object) => void)(
        event.error ? { ...event, error: refusedBy(event.error, event.error) } : event,
      );
    }) as Callback;
    return super.subscribeTable(query as never, this.#safely('_syncTableExperimental', told));
  }

  /** Whether what is kept outlives the process. */
  get isDurable(): boolean {
    return this.keeping.durable;
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

  override _setStatus(status: string, message?: unknown): void {
    const error = isObject(message) && this.#initRefusal ? sessionError(message, this.#initRefusal) : message;
    if (status === 'authenticated') {
      this.#outage.accepted();
      this.#isRefused = false;
    } else this.rooms.disconnected();
    // Asking again changes nothing that users see, until the server has another answer.
    if (this.#isRefused && !this._isShutdown) this._errorMessage = (error ?? this._errorMessage) as never;
    else super._setStatus(status, error);
    if (status === 'errored' && !this.failure) this.#sessionRefused();
    this.queueChanged();
  }

  // Core takes every refusal of `init` for the last word, also from a server that is busy, and one that comes out of turn.
  // That of a room it writes to the console, where no program can see it.
  override _handleReceiveError(refusal: RefusalMessage): void {
    const event = Object(refusal['original-event']) as { op?: unknown; 'room-id'?: unknown };
    if (event.op === 'init') this.#initRefused(refusal);
    else if (event.op === 'join-room' && this.rooms.refused(event['room-id'], refusal)) return;
    else super._handleReceiveError(refusal);
  }

  override _trySend(eventId: string, message: { op: string }, options?: unknown): void {
    if (message.op === 'init') {
      if (this.#asked.has(this._transport)) return;
      this.#asked.add(this._transport);
    }
    super._trySend(eventId, message, options);
  }

  // Core closes the connection and connects again in a while. What a sign-in is for begins with the session of the user.
  override async changeCurrentUser(user: never): Promise<void> {
    await super.changeCurrentUser(user);
    await this.#sessionAnswered();
  }

  override async updateUser(user: never): Promise<void> {
    // Both do their part before they first wait.
    const updated = super.updateUser(user);
    forgetTables(this._syncTable);
    this.rooms.userChanged();
    if (this.#isRefused) {
      this.#isRefused = false;
      this._setStatus('connecting');
    }
    this.connectNow();
    await updated;
  }

  /** Saves what has changed and not been saved yet; rejects when that does not work. */
  async flush(): Promise<void> {
    if (this.failure) return;
    await within(OPENING_GRACE_MS, this.keeping.loaded);
    // Nothing was read yet, so there is nothing to save but writes, whose promises say that they were not.
    if (!this.keeping.isLoaded) return;
    this.queryCache.settle();
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
    const ended = new InstantNodeError('closed', 'The database was closed before the stream ended');
    this.#streamsEnded.abort(ended);
    endStreams(this._instantStream, ended);
    this.#timers.clear();
    const open = [...this.#open];
    this._transport.close();
    if (this.status !== 'closed') this._setStatus('closed');
    this.#isSilent = true;
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

  protected override renewSession(): void {
    this._transport.close();
    this.connectNow();
    // Nobody is to take it for an outage.
    if (this.status === 'closed' && !this._isShutdown && this._isOnline) this._setStatus('connecting');
  }

  #ignored(problem: string): void {
    this.report(new InstantNodeError('protocol', `Ignored what the server sent: ${problem}`));
  }

  #usesSse(): boolean {
    return this._transportType === 'sse' && this._EventSource !== undefined;
  }

  #openSse(): SSEConnection {
    return openEventStream(this._EventSource, {
      url: `${this.config.apiURI}/runtime/sse?app_id=${this.config.appId}`,
      onMalformed: (cause) => this.#notJson(cause),
    });
  }

  #openSocket(): SocketConnection {
    const connection = new SocketConnection({
      url: `${this.config.websocketURI}?app_id=${this.config.appId}`,
      driver: this.#parts.socket,
      hold: this.#parts.keepAlive,
      traffic: this.traffic,
      outage: this.#outage,
      onMalformed: (cause) => this.#notJson(cause),
    });
    this.#outage.connecting();
    this.#open.add(connection);
    connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  #notJson(cause: unknown): void {
    const message = 'Ignored what the server sent: a frame is not JSON';
    this.report(new InstantNodeError('protocol', message, { cause }));
  }

  #initRefused(refusal: RefusalMessage): void {
    const { type, status = 0, message = 'Something went wrong', hint } = refusal;
    if (this.status === 'authenticated') {
      const ignored = 'Ignored what the server sent: it refused a session that it had accepted';
      this.report(new InstantNodeError('protocol', ignored));
    } else if (status >= 500 || mayPass(refusal)) {
      // Not the refusal itself, which has the tokens of `init` in it.
      this.#outage.turnedAway({ type, status, message, hint });
      this._transport.close();
    } else {
      this.#initRefusal = refusal;
      super._handleReceiveError(refusal);
      this.#initRefusal = undefined;
    }
  }

  /** Ends what waits for the session, tells why once, and lets the server be asked again later. */
  #sessionRefused(): void {
    if (!this.#isRefused) {
      this.#isRefused = true;
      const refused = this.refusedSession();
      this.report(refused);
      this.writesRefused(refused);
      for (const hash of Object.keys(this.queryCbs)) this.notifyQueryError(hash, asQueryError(refused));
    }
    this.#rejectQueries(this.refusedSession());
    this._transport.close();
  }

  /** Resolves once the server has answered the wish for a session, or that would take too long to wait for. */
  #sessionAnswered(): Promise<void> {
    const isAnswered = (): boolean =>
      this._isShutdown || !this._isOnline || this.status === 'authenticated' || this.status === 'errored';
    if (isAnswered()) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        unsubscribe();
        timer.cancel();
        resolve();
      };
      const timer = this.#timers.after(NEW_SESSION_MS, settle);
      const unsubscribe = super.subscribeConnectionStatus(() => {
        if (isAnswered()) settle();
      });
    });
  }

  #holdProcess(): void {
    this.#timers.after(LONGEST_TIMER_MS, () => this.#holdProcess());
  }

  #reconnectLater(): void {
    const ended = this._transport;
    const isClosedHere =
      (ended as unknown) instanceof SocketConnection && (ended as unknown as SocketConnection).isClosedHere;
    // As core: a WebSocket that never worked gives way to SSE, where there is an EventSource for it.
    if (!this._wsOk && this._transportType !== 'sse' && !isClosedHere) {
      this._transportType = 'sse';
      this._reconnectTimeoutMs = 0;
    }
    const delayMs = this.#isRefused ? ASK_AGAIN_MS : this._reconnectTimeoutMs;
    this.#timers.after(delayMs, () => {
      // Connected meanwhile, by a call for it.
      if (this._transport !== ended) return;
      this._reconnectTimeoutMs = Math.min(this._reconnectTimeoutMs + 1_000, MAX_RECONNECT_MS);
      if (this._isOnline) this._startSocket();
    });
  }

  /** `callback` for core to call: it may throw, and hears nothing of a database that was closed. */
  #safely<Args extends unknown[]>(
    method: string,
    callback: (...values: Args) => void,
  ): (...values: Args) => void {
    assertCallback(method, callback);
    return (...values) => {
      if (!this.#isSilent) callSafely(callback, ...values);
    };
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
