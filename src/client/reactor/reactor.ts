import { Reactor, type RoomsOf, weakHash } from '@instantdb/core';
import type { NetworkLease } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { assertCallback, type Callback } from '../calls/callback.ts';
import { neverConnected } from '../connection/connector.ts';
import { ReleasableNetwork } from '../connection/releasable-network.ts';
import type { Status } from '../connection/server-session.ts';
import type { AttrsStore, Stores } from '../engine/store.ts';
import { evaluatedAnswer } from '../queries/evaluated-answer.ts';
import type { QueryOnceOptions } from '../queries/query-once.ts';
import { subscribeToQuery } from '../queries/subscribe-to-query.ts';
import { queryError, type Refusal, refusalError } from '../refusals/server-refusal.ts';
import { asQueryError } from '../refusals/session-refused.ts';
import type { Topical } from '../rooms/client-rooms.ts';
import { assertPresenceOptions, type PresenceOptions, type PresenceSlice } from '../rooms/presence-slice.ts';
import type { PresenceCallback, TopicCallback } from '../rooms/room.ts';
import type { AnySchema } from '../schema/any-schema.ts';
import { sealed, unsealed } from '../secrecy/sealed-user.ts';
import type { ClientStreams } from '../streams/client-streams.ts';
import { forgetTables } from '../sync-tables/forget-tables.ts';
import { tellingRefusals } from '../sync-tables/tell-refusals.ts';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { Mutation, MutationError } from '../transactions/transactions.ts';
import { assertSendable } from '../values/sendable.ts';
import type { Outcome, WriteRefusal } from '../writes/refused-writes.ts';
import { setSchema } from './core-options.ts';
import { assertConstructed } from './host.ts';
import { makeParts, type Parts, type PartsOptions } from './parts.ts';
import { evaluationOf } from './query-hosts.ts';

type User = Awaited<ReturnType<Reactor['_getCurrentUser']>>;
type CoreStores = ReturnType<Reactor['_applyOptimisticUpdates']>;

/** What a reactor is made from. */
export interface ReactorOptions extends PartsOptions {
  network: NetworkLease;
  versions: Record<string, string>;
  EventSource: unknown;
}

/**
 * Core's reactor on a server, changed only where it was made for a browser.
 *
 * It consists of parts that know nothing of core. Only this folder, `core-internals.ts` and its folder name members
 * that core does not document. Each override says what core does and why that is wrong on a server, and leaves the rest
 * to a part.
 */
export class NodeReactor<Schema extends AnySchema> extends Reactor<RoomsOf<Schema>> {
  readonly parts: Parts;
  readonly #unlisten: () => void;

  /** Call this only in a browser-like host, see `inBrowserLikeHost`. */
  constructor({ network, versions, EventSource, ...options }: ReactorOptions) {
    const { reports, persistence } = options;
    const watched = new ReleasableNetwork(network, (error) => reports.report(error));
    // Core keeps the token among its options, where printing the database shows it. For the schema, see `setSchema`.
    const { __adminToken, schema, ...shown } = options.core;
    super(shown, persistence.Store as never, watched as never, versions, EventSource as never);
    assertConstructed(this);
    setSchema(this, schema);
    this.#unlisten = () => watched.release();
    this.parts = makeParts(this, options, {
      writes: {
        coreSends: (eventId, mutation) => super._sendMutation(eventId, mutation),
        coreRefuses: (refusal) => super._handleReceiveError(refusal),
        coreFinishes: (outcome, eventId, error) => super._finishTransaction(outcome, eventId, error),
      },
      session: {
        setStatus: (status, said) => super._setStatus(status, said),
        listen: (callback) => super.subscribeConnectionStatus(callback),
      },
      askOffline: (query) => super.queryOnce(query, undefined),
      receive: (connectionId, message) => super._handleReceive(connectionId, message),
    });
    this.#replaceFields();
  }

  // ---- What this package calls.

  /** Reports a failure in the background to subscribers, or else to the log. */
  report(error: InstantNodeError): void {
    this.parts.reports.report(error);
  }

  /** Saves every unsaved change. Only tests call this, and `report`. */
  flush(): Promise<void> {
    return this.parts.flusher.flush();
  }

  /** Ends the connection, the timers, and every query and stream that waits for the server. */
  async disconnect(): Promise<void> {
    this._isShutdown = true;
    this.#unlisten();
    this.parts.once.rejectAll(closedBefore('the query was answered'));
    this.parts.streams.end(closedBefore('the stream ended'));
    this.parts.lifecycle.close();
    this.parts.timers.clear();
    const gone = this.parts.connector.ending();
    this._transport.close();
    if (this.status !== 'closed') this._setStatus('closed');
    this.parts.callbacks.silence();
    await gone();
  }

  // ---- The connection and the session.

  // Core's would open the runtime's global WebSocket.
  override _startSocket(): void {
    this.parts.lifecycle.start();
  }

  override _trySend(eventId: string, message: { op: string }, options?: unknown): void {
    const prepared = this.parts.requests.prepared(message, this._transport);
    if (prepared) super._trySend(eventId, prepared, options);
  }

  override _handleReceive(connectionId: string, message: unknown): void {
    this.parts.inbox.receive(connectionId, message);
  }

  override _setStatus(status: Status, said?: unknown): void {
    this.parts.session.setStatus(status, said);
  }

  // Core takes every refusal for final, even from a server that is only busy.
  override _handleReceiveError(refusal: WriteRefusal): void {
    this.parts.inbox.refused(refusal);
  }

  // Once an app accepts writes again, those that it refused meanwhile are sent again.
  override _setAppStatus(status: 'active' | 'read-only' | 'disabled' | undefined): void {
    super._setAppStatus(status);
    if (status === 'active' && this.status === 'authenticated') this.parts.writes.sender.retryRefused();
  }

  override shutdown(): void {
    void this.disconnect();
  }

  // ---- The user.

  // Core holds the user as a plain object, with their token.
  override setCurrentUser(user: User | null): Promise<void> {
    this.parts.reports.noteToken(user?.refresh_token);
    return super.setCurrentUser(sealed(user));
  }

  override async _getCurrentUser(options?: { forceReadFromStorage?: boolean }): Promise<User> {
    const user = unsealed(await super._getCurrentUser(options)) as User;
    this.parts.reports.noteToken(user?.refresh_token);
    return user;
  }

  // Core compares users by calling methods of theirs.
  override subscribeAuth(callback: Callback): () => void {
    return this.parts.user.subscribe(this.parts.callbacks.guard('subscribeAuth', callback) as never);
  }

  // Core closes the connection and reconnects only after a delay.
  override changeCurrentUser(user: User): Promise<void> {
    return this.parts.user.change(user);
  }

  // Each does its part before it first waits. Core drops the previous user's writes and keeps their rows.
  override async updateUser(user: User): Promise<void> {
    const updated = this.parts.writes.authors.change(user, () => {
      this.parts.answers.forgetAll();
      return super.updateUser(user);
    });
    forgetTables(this._syncTable);
    this.parts.rooms.userChanged();
    this.parts.session.asksAnew();
    this.parts.lifecycle.connectNow();
    await updated;
  }

  // Core saves the id a moment later; one that was handed out should survive a crash.
  override async getLocalId(name: string): Promise<string> {
    const localId = await super.getLocalId(name);
    await this.kv.flush();
    return localId;
  }

  // ---- Queries.

  override updateSchema(schema: unknown): void {
    super.updateSchema(undefined);
    setSchema(this, schema);
    this.config.cardinalityInference = Boolean(schema);
  }

  override subscribeQuery(query: unknown, callback: Callback, options?: unknown): () => void {
    return subscribeToQuery(query, this.parts.callbacks.guard('subscribeQuery', callback) as never, options, {
      diagnostics: this.parts.diagnostics,
      coreSubscribes: (...args) => super.subscribeQuery(...args),
      failureOf: (hash) => this.parts.answers.failureOf(hash),
      refusal: () => this.parts.session.refusal && asQueryError(this.parts.session.refusal),
    });
  }

  override queryOnce(query: object, options?: QueryOnceOptions): Promise<unknown> {
    return this.parts.once.ask(query, options);
  }

  override subscribeTable(query: unknown, callback: Callback): ReturnType<Reactor['subscribeTable']> {
    assertCallback('_syncTableExperimental', callback);
    assertSendable(query);
    const told = tellingRefusals(callback as (event: object) => void);
    return super.subscribeTable(query, this.parts.callbacks.guard('_syncTableExperimental', told));
  }

  // Core does not tell a one-time query from a live one, whose answer is worth keeping.
  override _startQuerySub(query: unknown, hash: string): string {
    this.parts.cache.use(hash, hash in this.queryCbs);
    return super._startQuerySub(query, hash);
  }

  override _cleanupQuery(q: unknown, hash: string): void {
    super._cleanupQuery(q, hash);
    if (this._hasQueryListeners(hash)) return;
    this.parts.answers.forget(hash);
    this.parts.paced.forget(hash);
  }

  // As core's, with an engine that finds a page or a count only by its own name.
  override dataForQuery(hash: string): object | undefined {
    return evaluatedAnswer(evaluationOf(this, hash));
  }

  // In core an exception in one query rejects a promise that nothing awaits, which ends the process.
  override notifyOne = (hash: string): void => this.parts.paced.tell(hash);
  override notifyOneQueryOnce = (hash: string): void => this.parts.answers.tellOnce(hash);
  override getPreviousResult = (q: unknown): unknown => this.parts.answers.present(weakHash(q));
  override notifyAll(): void {
    this.parts.answers.tellAll();
  }

  // Core rejects with an object that is not an error.
  override notifyQueryOnceError(q: object, hash: string, eventId: string, error: Refusal): void {
    const { unsaid } = this.parts.writes.refused;
    super.notifyQueryOnceError(q, hash, eventId, refusalError({ ...error, ...unsaid }));
  }

  // ---- Writes.

  // Core searches all pending writes for the place of the next.
  override pushOps = (steps: Mutation['tx-steps'], error?: Error): Promise<unknown> =>
    this.parts.writes.made.push(steps, error);

  override _sendMutation(eventId: string, mutation: Mutation): void {
    this.parts.writes.take(eventId, mutation);
  }

  override _flushPendingMessages(): void {
    this.parts.writes.begin(() => super._flushPendingMessages());
  }

  override _finishTransaction(outcome: Outcome, eventId: string, error?: MutationError): void {
    this.parts.writes.refused.finish(outcome, eventId, error);
  }

  // Core's map is a value of `kv`, copied at each change.
  override _pendingMutations(): Map<string, Mutation> {
    return this.parts.writes.view.shown;
  }

  override _updatePendingMutations(change: (queue: Map<string, Mutation>) => void): void {
    this.parts.writes.view.update(change);
  }

  // Core searches the steps of all pending writes for those that change attributes.
  override optimisticAttrs(): ReturnType<Reactor['optimisticAttrs']> {
    const { view } = this.parts.writes;
    return view.during(view.queue.attrSteps.condensed(), () => super.optimisticAttrs());
  }

  // Core copies all writes, although few add attributes and fewer add any that the server already has.
  override _rewriteMutations(
    attrs: object | undefined,
    writes: Map<string, Mutation>,
    processedTxId?: number,
  ): Map<string, Mutation> {
    return this.parts.writes.serverAttrs.rewrite(attrs as AttrsStore | undefined, writes, processedTxId);
  }

  // Core sorts the writes for each live query at each change; they are already in order.
  override _rewriteMutationsSorted(attrs: object, writes: Map<string, Mutation>): WriteEntry[] {
    const { queue } = this.parts.writes.view;
    const isQueue = this._rewriteMutations(attrs, writes) === queue;
    return this.parts.shown.show(isQueue ? [...queue] : super._rewriteMutationsSorted(attrs, writes));
  }

  // Core applies all writes again for each live query at each change, and drafts the whole store for each.
  override _applyOptimisticUpdates(
    store: object,
    attrsStore: object,
    writes: readonly WriteEntry[],
    processedTxId: number | undefined,
  ): CoreStores {
    return this.parts.shown.apply({ store, attrsStore } as Stores, writes, processedTxId) as CoreStores;
  }

  // Core searches all pending writes at each answer and each refresh.
  override _cleanupPendingMutationsQueries(): void {
    this.parts.writes.confirmations.forgetSeen();
  }

  // Core looks only when a message arrives, and only once there are many writes.
  override _cleanupPendingMutationsTimeout(): void {}

  // ---- Rooms and streams.

  // Core keeps rooms in plain objects by the names that users give them, and compares and edits presence by calling
  // methods of that data. `__proto__`, `constructor` or `hasOwnProperty` as a name breaks it, or changes
  // Object.prototype.
  override joinRoom(roomType: string, roomId: string, initialPresence?: object | null): () => void {
    return this.parts.rooms.join(roomType, roomId, initialPresence);
  }

  override subscribePresence(
    roomType: string,
    roomId: string,
    options: PresenceOptions,
    callback: PresenceCallback,
  ): () => void {
    assertPresenceOptions('subscribePresence', options);
    const told = this.parts.callbacks.guard('subscribePresence', callback);
    return this.parts.rooms.subscribePresence(roomType, roomId, options, told);
  }

  override publishPresence(_roomType: string, roomId: string, changes: object): void {
    this.parts.rooms.publishPresence(roomId, changes);
  }

  override getPresence(_roomType: string, roomId: string, options?: PresenceOptions): PresenceSlice | null {
    assertPresenceOptions('getPresence', options);
    return this.parts.rooms.presence(roomId, options);
  }

  override publishTopic(said: Topical): void {
    this.parts.rooms.publishTopic(said);
  }

  override subscribeTopic(type: string, id: string, topic: string, callback: TopicCallback): () => void {
    return this.parts.rooms.subscribeTopic(
      type,
      id,
      topic,
      this.parts.callbacks.guard('subscribeTopic', callback),
    );
  }

  override createWriteStream(
    options: Parameters<ClientStreams['write']>[0],
  ): ReturnType<ClientStreams['write']> {
    return this.parts.streams.write(options);
  }

  override createReadStream(
    options: Parameters<ClientStreams['read']>[0],
  ): ReturnType<ClientStreams['read']> {
    return this.parts.streams.read(options);
  }

  // ---- Other callbacks.

  override subscribeConnectionStatus(callback: Callback): () => void {
    return super.subscribeConnectionStatus(this.parts.callbacks.guard('subscribeConnectionStatus', callback));
  }

  override subscribeAppStatus(callback: Callback): () => void {
    return super.subscribeAppStatus(this.parts.callbacks.guard('subscribeAppStatus', callback));
  }

  override subscribeAttrs(callback: Callback): () => void {
    return super.subscribeAttrs(this.parts.callbacks.guard('subscribeAttrs', callback));
  }

  /** Replaces members that core assigns in its constructor. */
  #replaceFields(): void {
    const { notifyQueryError: tell } = this;
    const { answers, writes, lifecycle } = this.parts;
    this.pushTx = (chunks) => writes.push(chunks);
    // Core gives live queries only the message of a refusal. Our own errors say why themselves.
    this.notifyQueryError = (hash: string, error: Refusal) =>
      answers.tellError(hash, 'code' in error ? error : queryError(error, writes.refused.unsaid), tell);
    // Core closes it when the user changes, which may be before the first connection.
    this._transport ??= neverConnected as never;
    // Core's timer cannot be stopped.
    this._scheduleReconnect = () => lifecycle.later();
  }
}

function closedBefore(what: string): InstantNodeError {
  return new InstantNodeError('closed', `The database was closed before ${what}`);
}
