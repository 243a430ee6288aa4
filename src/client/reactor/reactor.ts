import { id, type Logger, Reactor, type RoomsOf, weakHash } from '@instantdb/core';
import type { NetworkListenerClass, SocketDriver } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import type { Callback } from '../calls/callback.ts';
import { GuardedCallbacks } from '../calls/guarded-callbacks.ts';
import type { CoreConfig } from '../config/node-config.ts';
import { Connector, neverConnected } from '../connection/connector.ts';
import { FailedAttempts } from '../connection/failed-attempts.ts';
import { Reconnecting } from '../connection/reconnecting.ts';
import { releasable } from '../connection/releasable-network.ts';
import { Session, type Status } from '../connection/session.ts';
import { SessionRequests } from '../connection/session-requests.ts';
import { ShownWrites } from '../engine/shown-writes.ts';
import type { AttrsStore, Stores } from '../engine/store.ts';
import { Inbox } from '../messages/inbox.ts';
import { Saves } from '../persistence/saves.ts';
import { evaluatedAnswer } from '../queries/evaluated-answer.ts';
import { LiveAnswers } from '../queries/live-answers.ts';
import { OneTimeQueries } from '../queries/one-time-queries.ts';
import { PacedAnswers } from '../queries/paced-answers.ts';
import { QueryCache } from '../queries/query-cache.ts';
import type { QueryOnceOptions } from '../queries/query-once.ts';
import { subscribeToQuery } from '../queries/subscribe-to-query.ts';
import { queryError, type Refusal, refusalError, refusedBy } from '../refusals/server-refusal.ts';
import { asQueryError } from '../refusals/session-refused.ts';
import { assertPresenceOptions, type PresenceOptions, type PresenceSlice } from '../rooms/presence-slice.ts';
import type { PresenceCallback, TopicCallback } from '../rooms/room.ts';
import { Rooms, type Topical } from '../rooms/rooms.ts';
import type { AnySchema } from '../schema/any-schema.ts';
import { linkIndexOf, withOwnNames } from '../schema/own-names.ts';
import type { Reports } from '../secrecy/reports.ts';
import { sealed, unsealed } from '../secrecy/sealed-user.ts';
import type { Keeping } from '../storage/keeping.ts';
import { ClientStreams } from '../streams/client-streams.ts';
import { forgetTables } from '../sync-tables/forget-tables.ts';
import { Timers } from '../timing/timers.ts';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { Mutation, MutationError } from '../transactions/transactions.ts';
import { CurrentUser } from '../users/current-user.ts';
import { assertSendable } from '../values/sendable.ts';
import type { Outcome, WriteRefusal } from '../writes/refused-writes.ts';
import { Writes } from '../writes/writes.ts';
import { connectorHost, reconnectingHost } from './connection-hosts.ts';
import { assertConstructed } from './host.ts';
import { inboxHost } from './inbox-host.ts';
import { mendSaved } from './mend-saved.ts';
import { evaluationOf, oneTimeQueriesHost, queriesHost } from './query-hosts.ts';
import { sessionHost } from './session-host.ts';
import { currentUserHost } from './user-host.ts';
import { writesHost } from './writes-host.ts';

type User = Awaited<ReturnType<Reactor['_getCurrentUser']>>;
type CoreStores = ReturnType<Reactor['_applyOptimisticUpdates']>;

/** What a reactor is made with. */
export interface ReactorParts {
  core: CoreConfig;
  reports: Reports;
  keeping: Keeping;
  /** Whether a promise resolves as `enqueued` only once the write is in the storage. */
  strict: boolean;
  network: NetworkListenerClass;
  socket: SocketDriver;
  keepAlive: boolean;
  versions: Record<string, string>;
  EventSource: unknown;
}

/**
 * Core's reactor, on a server: core's, but where it was made for a browser.
 *
 * It consists of parts that know nothing of core. In this folder and in `core-internals.ts` alone, members that core does
 * not document are named. Each override says what core does and why that is wrong on a server, and leaves the rest to a part.
 */
export class NodeReactor<Schema extends AnySchema> extends Reactor<RoomsOf<Schema>> {
  /** Which app this is of, and of which server. */
  readonly place: { readonly appId: string; readonly apiURI: string };
  readonly reports: Reports;
  readonly writes: Writes;
  readonly session: Session;
  readonly connector: Connector;
  readonly saves: Saves;
  readonly answers: LiveAnswers = new LiveAnswers(queriesHost(this, (error) => this.report(error)));
  readonly rooms: Rooms = new Rooms({
    isOpen: () => this.status === 'authenticated' && this._transport.isOpen(),
    send: (message) => this._trySendAuthed(id(), message),
    sessionId: () => this._sessionId,
    report: (problem) =>
      this.report(new InstantNodeError('protocol', `Ignored what the server sent: ${problem}`)),
  });
  readonly #timers: Timers;
  readonly #requests: SessionRequests;
  readonly #cache: QueryCache;
  readonly #once: OneTimeQueries;
  readonly #paced: PacedAnswers;
  readonly #inbox: Inbox;
  readonly #user: CurrentUser;
  readonly #streams: ClientStreams;
  readonly #unlisten: () => void;
  readonly #callbacks: GuardedCallbacks = new GuardedCallbacks();
  readonly #shown: ShownWrites = new ShownWrites();

  /** Only to be called in a browser-like host, see `inBrowserLikeHost`. */
  // Long, because it is a list: each part with what it gets of core and of other parts.
  constructor({ core, keeping, reports, keepAlive, ...parts }: ReactorParts) {
    const network = releasable(parts.network, (cause) => {
      const message = 'Cannot tell whether the network is there';
      reports.report(new InstantNodeError('connection-failed', message, { cause }));
    });
    // Core keeps the token among the options, where anybody who prints the database finds it; and its index of a schema's
    // links is written into `Object` itself for some names.
    const { __adminToken, schema, ...shown } = core;
    super(
      shown,
      keeping.Store as never,
      network.listener as never,
      parts.versions,
      parts.EventSource as never,
    );
    assertConstructed(this);
    this.#setSchema(schema);
    const saved = mendSaved(this);
    const timers = new Timers(keepAlive);
    const attempts = new FailedAttempts(core.websocketURI, (error) => reports.report(error));
    this.place = { appId: core.appId, apiURI: core.apiURI };
    this.reports = reports;
    this.#timers = timers;
    this.#unlisten = network.release;
    this.#requests = new SessionRequests(__adminToken);
    this.#cache = new QueryCache(this.querySubs, {
      limit: this.queryCacheLimit,
      isInUse: (hash) => this._hasQueryListeners(hash),
      timers,
    });
    const { rooms, answers } = this;
    // Parts are made before they are called: those that need each other are reached by a function.
    this.writes = new Writes(
      writesHost(
        this,
        {
          ...{ keeping, timers, reports, isStrict: parts.strict },
          session: () => this.session,
          connector: () => this.connector,
        },
        {
          coreSends: (eventId, mutation) => super._sendMutation(eventId, mutation),
          coreRefuses: (refusal) => super._handleReceiveError(refusal),
          coreFinishes: (outcome, eventId, error) => super._finishTransaction(outcome, eventId, error),
        },
      ),
    );
    const { writes } = this;
    this.session = new Session(
      sessionHost(
        this,
        { timers, attempts, rooms, reports, writes, place: this.place, once: () => this.#once },
        {
          setStatus: (status, said) => super._setStatus(status, said),
          listen: (callback) => super.subscribeConnectionStatus(callback),
        },
      ),
    );
    const { session } = this;
    const report = (error: InstantNodeError): void => reports.report(error);
    this.connector = new Connector(
      connectorHost(this, { attempts, keepAlive, report, driver: parts.socket }),
    );
    const askOffline = (query: object): Promise<unknown> => super.queryOnce(query, undefined);
    this.#once = new OneTimeQueries(oneTimeQueriesHost(this, { timers, attempts, session, askOffline }));
    this.#inbox = new Inbox(
      inboxHost(this, { reports, answers, rooms, writes }, (connectionId, message) =>
        super._handleReceive(connectionId, message),
      ),
    );
    this.#paced = new PacedAnswers(timers, {
      waitingWrites: () => keeping.queue.waiting,
      isRefreshing: () => this.#inbox.isRefreshing,
      tell: (hash) => answers.tell(hash),
    });
    this.#user = new CurrentUser(currentUserHost(this, session));
    this.#streams = new ClientStreams(this._instantStream);
    this.saves = new Saves({
      ...{ keeping, saved, keepAlive },
      settleAnswers: () => this.#cache.settle(),
      isLost: () => session.failure !== undefined,
    });
    this.#replaceFields();
    keeping.connect({
      report,
      failed: (error) => session.fail(error),
      foreign: (foreign) => writes.refused.tellForeign(foreign),
    });
    if (keepAlive) timers.hold();
  }

  // ---- What this package calls.

  /** Tells subscribers, or else the log, of something that went wrong in the background. */
  report(error: InstantNodeError): void {
    this.reports.report(error);
  }

  /** Saves what has changed and not been saved yet; rejects when that does not work. */
  flush(): Promise<void> {
    return this.saves.flush();
  }

  /** Ends the connection, the timers, and every query and stream that waits for the server. */
  async disconnect(): Promise<void> {
    this._isShutdown = true;
    this.#unlisten();
    this.#once.rejectAll(closedBefore('the query was answered'));
    this.#streams.end(closedBefore('the stream ended'));
    this.#timers.clear();
    const gone = this.connector.ending();
    this._transport.close();
    if (this.status !== 'closed') this._setStatus('closed');
    this.#callbacks.silence();
    await gone();
  }

  /** Logs to `logger` from now on, and with `verbose` what is sent and received, where they are given. */
  changeLogging({ verbose, logger }: { verbose?: boolean; logger?: Logger }): void {
    if (logger) this.reports.changeLogger(logger);
    if (verbose === undefined) return;
    Object.assign(
      this._log,
      this.reports.logging(verbose, () => this._reactorStats()),
    );
  }

  changeQueryCacheLimit(limit: number): void {
    this.queryCacheLimit = limit;
    this.#cache.changeLimit(limit);
  }

  /** Core reads an option there whenever it goes by it. */
  changeConfig(changes: Readonly<Record<string, unknown>>): void {
    Object.assign(this.config, changes);
  }

  changeStreamClasses(classes: { WStream?: unknown; RStream?: unknown }): void {
    Object.assign(this._instantStream, classes);
  }

  changeCleanup({ timeoutMs, threshold }: { timeoutMs?: number; threshold?: number }): void {
    this._pendingTxCleanupTimeout = timeoutMs ?? this._pendingTxCleanupTimeout;
    this._pendingMutationCleanupThreshold = threshold ?? this._pendingMutationCleanupThreshold;
  }

  // ---- The connection and the session.

  // Core's opens the runtime's global WebSocket.
  override _startSocket(): void {
    this._wsOk = null;
    this.connector.open();
  }

  override _trySend(eventId: string, message: { op: string }, options?: unknown): void {
    const prepared = this.#requests.prepared(message, this._transport);
    if (prepared) super._trySend(eventId, prepared, options);
  }

  override _handleReceive(connectionId: string, message: unknown): void {
    this.#inbox.receive(connectionId, message);
  }

  override _setStatus(status: Status, said?: unknown): void {
    this.session.setStatus(status, said);
  }

  // Core takes every refusal for the last word, also of a server that is busy. That of a room it writes to the console, where
  // no program can see it.
  override _handleReceiveError(refusal: WriteRefusal): void {
    const event = Object(refusal['original-event']) as { op?: unknown; 'room-id'?: unknown };
    if (event.op === 'init') this.session.refuse(refusal);
    else if (event.op === 'join-room' && this.rooms.refused(event['room-id'], refusal)) return;
    else this.writes.sender.refused(refusal);
  }

  // An app that takes writes again takes those that it refused meanwhile.
  override _setAppStatus(status: 'active' | 'read-only' | 'disabled' | undefined): void {
    super._setAppStatus(status);
    if (status === 'active' && this.status === 'authenticated') this.writes.sender.retryStuck();
  }

  override shutdown(): void {
    void this.disconnect();
  }

  // ---- The user.

  // Core holds the user as a plain object, with their token.
  override setCurrentUser(user: User | null): Promise<void> {
    this.reports.noteToken(user?.refresh_token);
    return super.setCurrentUser(sealed(user));
  }

  override async _getCurrentUser(options?: { forceReadFromStorage?: boolean }): Promise<User> {
    const user = unsealed(await super._getCurrentUser(options)) as User;
    this.reports.noteToken(user?.refresh_token);
    return user;
  }

  // Core compares users by calling a method of theirs.
  override subscribeAuth(callback: Callback): () => void {
    return this.#user.subscribe(this.#callbacks.guard('subscribeAuth', callback) as never);
  }

  // Core closes the connection and connects again in a while.
  override changeCurrentUser(user: User): Promise<void> {
    return this.#user.change(user);
  }

  // All of them do their part before they first wait. Core drops writes and keeps rows of the user before.
  override async updateUser(user: User): Promise<void> {
    const updated = this.writes.authors.change(user, () => {
      this.answers.forgetAll();
      return super.updateUser(user);
    });
    forgetTables(this._syncTable);
    this.rooms.userChanged();
    this.session.userChanged();
    this.connector.connectNow();
    await updated;
  }

  // Core saves it a moment later; an id that is given away should outlive a crash.
  override async getLocalId(name: string): Promise<string> {
    const localId = await super.getLocalId(name);
    await this.kv.flush();
    return localId;
  }

  // ---- Queries.

  override updateSchema(schema: unknown): void {
    super.updateSchema(undefined);
    this.#setSchema(schema);
    this.config.cardinalityInference = Boolean(schema);
  }

  override subscribeQuery(query: unknown, callback: Callback, options?: unknown): () => void {
    return subscribeToQuery(query, this.#callbacks.guard('subscribeQuery', callback) as never, options, {
      coreSubscribes: (...args) => super.subscribeQuery(...args),
      failureOf: (hash) => this.answers.failureOf(hash),
      refusal: () => this.session.refusal && asQueryError(this.session.refusal),
    });
  }

  override queryOnce(query: object, options?: QueryOnceOptions): Promise<unknown> {
    return this.#once.ask(query, options);
  }

  override subscribeTable(query: unknown, callback: Callback): ReturnType<Reactor['subscribeTable']> {
    const told = this.#callbacks.guard('_syncTableExperimental', callback) as (event: object) => void;
    assertSendable(query);
    return super.subscribeTable(query, ((event: { error?: Refusal }) =>
      told(event.error ? { ...event, error: refusedBy(event.error, event.error) } : event)) as Callback);
  }

  // Core does not tell a query that is asked once from a live one, whose answer is worth keeping.
  override _startQuerySub(query: unknown, hash: string): string {
    this.#cache.use(hash, hash in this.queryCbs);
    return super._startQuerySub(query, hash);
  }

  override _cleanupQuery(q: unknown, hash: string): void {
    super._cleanupQuery(q, hash);
    if (this._hasQueryListeners(hash)) return;
    this.answers.forget(hash);
    this.#paced.forget(hash);
  }

  // As core's, with an engine that knows a page or a count by its own name alone.
  override dataForQuery(hash: string): object | undefined {
    return evaluatedAnswer(evaluationOf(this, hash));
  }

  // Core lets what one query throws out of a promise that nobody waits for, which ends the process.
  override notifyOne = (hash: string): void => this.#paced.tell(hash);
  override notifyOneQueryOnce = (hash: string): void => this.answers.tellOnce(hash);
  override getPreviousResult = (q: unknown): unknown => this.answers.present(weakHash(q));
  override notifyAll(): void {
    for (const hash of this.answers.awaited()) {
      const tell = (): void => this.answers.tell(hash);
      this.querySubs.waitForKeyToLoad(hash).then(tell, tell);
    }
  }

  // Core rejects with an object that is no error.
  override notifyQueryOnceError(q: object, hash: string, eventId: string, error: Refusal): void {
    const { unsaid } = this.writes.refused;
    super.notifyQueryOnceError(q, hash, eventId, refusalError({ ...error, ...unsaid }));
  }

  // ---- Writes.

  // Core looks through all pending writes for the place of the next.
  override pushOps = (steps: Mutation['tx-steps'], error?: Error): Promise<unknown> =>
    this.writes.made.push(steps, error);

  override _sendMutation(eventId: string, mutation: Mutation): void {
    this.writes.take(eventId, mutation);
  }

  override _flushPendingMessages(): void {
    this.writes.begin(() => super._flushPendingMessages());
  }

  override _finishTransaction(outcome: Outcome, eventId: string, error?: MutationError): void {
    this.writes.refused.finish(outcome, eventId, error);
  }

  // Core's map is a value of `kv`, copied at each change.
  override _pendingMutations(): Map<string, Mutation> {
    return this.writes.view.shown;
  }

  override _updatePendingMutations(change: (queue: Map<string, Mutation>) => void): void {
    this.writes.view.update(change);
  }

  // Core looks through the steps of all pending writes for those that change attributes.
  override optimisticAttrs(): ReturnType<Reactor['optimisticAttrs']> {
    const { view } = this.writes;
    return view.during(view.queue.attrSteps.condensed(), () => super.optimisticAttrs());
  }

  // Core copies all of them, although few attributes are added and fewer of them are the server's already.
  override _rewriteMutations(
    attrs: object | undefined,
    writes: Map<string, Mutation>,
    processedTxId?: number,
  ): Map<string, Mutation> {
    return this.writes.serverAttrs.rewrite(attrs as AttrsStore | undefined, writes, processedTxId);
  }

  // Core sorts them for each live query at each change; they are in order.
  override _rewriteMutationsSorted(attrs: object, writes: Map<string, Mutation>): WriteEntry[] {
    const { queue } = this.writes.view;
    const isQueue = this._rewriteMutations(attrs, writes) === queue;
    return this.#shown.show(isQueue ? [...queue] : super._rewriteMutationsSorted(attrs, writes));
  }

  // Core applies all of them anew for each live query at each change, and drafts the whole store for each.
  override _applyOptimisticUpdates(
    store: object,
    attrsStore: object,
    writes: readonly WriteEntry[],
    processedTxId: number | undefined,
  ): CoreStores {
    return this.#shown.apply({ store, attrsStore } as Stores, writes, processedTxId) as CoreStores;
  }

  // Core looks through all pending writes, at each answer and each refresh.
  override _cleanupPendingMutationsQueries(): void {
    this.writes.confirmations.forgetSeen();
  }

  // Core looks when a message arrives, and only once there are many of them.
  override _cleanupPendingMutationsTimeout(): void {}

  // ---- Rooms and streams.

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
    const told = this.#callbacks.guard('subscribePresence', callback);
    return this.rooms.subscribePresence(roomType, roomId, options, told);
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

  override subscribeTopic(type: string, id: string, topic: string, callback: TopicCallback): () => void {
    return this.rooms.subscribeTopic(type, id, topic, this.#callbacks.guard('subscribeTopic', callback));
  }

  override createWriteStream(
    options: Parameters<ClientStreams['write']>[0],
  ): ReturnType<ClientStreams['write']> {
    return this.#streams.write(options);
  }

  override createReadStream(
    options: Parameters<ClientStreams['read']>[0],
  ): ReturnType<ClientStreams['read']> {
    return this.#streams.read(options);
  }

  // ---- Other callbacks.

  override subscribeConnectionStatus(callback: Callback): () => void {
    return super.subscribeConnectionStatus(this.#callbacks.guard('subscribeConnectionStatus', callback));
  }

  override subscribeAppStatus(callback: Callback): () => void {
    return super.subscribeAppStatus(this.#callbacks.guard('subscribeAppStatus', callback));
  }

  override subscribeAttrs(callback: Callback): () => void {
    return super.subscribeAttrs(this.#callbacks.guard('subscribeAttrs', callback));
  }

  #setSchema(schema: unknown): void {
    const own = withOwnNames(schema as Schema | undefined);
    this.config.schema = own;
    this._linkIndex = linkIndexOf(own) as never;
  }

  /** What core assigns in its constructor. */
  #replaceFields(): void {
    const { notifyQueryError, session, writes } = this;
    const reconnecting = new Reconnecting(reconnectingHost(this, { timers: this.#timers, session }));
    this.pushTx = (chunks) => writes.push(chunks);
    // Core gives live queries the words of a refusal alone. What is ours says itself why.
    this.notifyQueryError = (hash: string, error: Refusal) =>
      notifyQueryError(hash, 'code' in error ? error : queryError(error, writes.refused.unsaid));
    // Core closes it when the user changes, which may be before the first connection.
    this._transport ??= neverConnected as never;
    // Core's timer is nobody's to stop.
    this._scheduleReconnect = () => reconnecting.later();
  }
}

function closedBefore(what: string): InstantNodeError {
  return new InstantNodeError('closed', `The database was closed before ${what}`);
}
