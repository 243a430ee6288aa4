import {
  type InfiniteQueryCallbackResponse,
  type InfiniteQuerySubscription,
  InstantCoreDatabase,
  type InstantUnknownSchema,
  type InstaQLOptions,
  type InstaQLResponse,
  type PageInfoResponse,
  type Reactor,
  type RoomsOf,
  type TransactionResult,
  type ValidQuery,
} from '@instantdb/core';
import { InstantNodeError } from '../errors.ts';
import { assertOptions } from './calls/call-options.ts';
import { assertCallback } from './calls/callback.ts';
import { closedError, GuardedCalls } from './calls/guarded-calls.ts';
import { pagingDatabase, safely } from './calls/infinite-query.ts';
import type { ConnectionInfo } from './connection/connection-info.ts';
import { assertSignal, type QueryOnceOptions } from './queries/query-once.ts';
import type { NodeReactor } from './reactor/reactor.ts';
import { thrown } from './refusals/server-refusal.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { showAs } from './secrecy/show-as.ts';
import type { DatabaseStats } from './stats.ts';
import { deferred } from './timing/deferred.ts';
import { holdProcess } from './timing/hold-process.ts';
import { LatestIterator } from './timing/latest-iterator.ts';
import type { PendingTransaction, TransactionError } from './transactions/transactions.ts';

const CLOSE_TIMEOUT_MS = 5_000;

/** The answer of a live query, as {@link InstantNodeDatabase.watch} yields it. */
export interface WatchedResult<Schema extends AnySchema, Q, UseDates extends boolean> {
  /** The entities, by namespace, as `queryOnce` gives them. */
  data: InstaQLResponse<Schema, Q, UseDates>;
  /** Cursors, for each namespace that the query pages through. */
  pageInfo: PageInfoResponse<Q>;
}

/**
 * Core's database, on a server. Everything that core documents is there, with the same meaning; the members below add
 * what a long-running process needs.
 */
export class InstantNodeDatabase<
  Schema extends AnySchema = InstantUnknownSchema,
  UseDates extends boolean = false,
> extends InstantCoreDatabase<Schema, UseDates> {
  readonly #reactor: NodeReactor<Schema>;
  readonly #forget: () => void;
  readonly #whenClosed: Set<() => void> = new Set();
  readonly #calls: GuardedCalls;
  #closing: Promise<void> | undefined;

  /** Made by `init`, over the reactor of this package; `forget` takes it out of the register of open databases. */
  // Typed as core's, since the parts of ours should not appear in users' types.
  constructor(reactor: Reactor<RoomsOf<Schema>>, forget: () => void) {
    super(reactor);
    const { parts } = reactor as NodeReactor<Schema>;
    this.#reactor = reactor as NodeReactor<Schema>;
    this.#forget = forget;
    for (const shown of [this, reactor, this.auth, this.storage, this.streams]) {
      showAs(shown, () => ({ appId: parts.place.appId, ...this.stats() }));
    }
    this.#calls = new GuardedCalls(reactor, this, parts);
    parts.session.onFailure = (error) => {
      forget();
      this.#calls.fail(error);
    };
  }

  /**
   * Resolves once the server has accepted the session: from then on queries and writes are sent to it at once.
   *
   * Waits without a limit while the server cannot be reached; pass a signal to set one. Rejects with the signal's
   * reason; with code `connection-failed` when the server refuses the session (an unknown app, a wrong admin token; the
   * client asks again every 30 seconds, and a later call resolves once the server accepts); with code `storage` or
   * `storage-locked` when the storage cannot be used; or with code `closed`.
   */
  async ready(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    assertOptions('ready', options, ['signal']);
    assertSignal('ready', signal);
    signal?.throwIfAborted();
    this.#assertOpen('ready');
    const { session } = this.#parts;
    if (session.failure) throw session.failure;
    if (session.status === 'authenticated') return;
    const { promise, resolve, reject } = deferred<void>();
    const settle = (): void => {
      if (session.status === 'authenticated') resolve();
      else if (session.refusal) reject(session.refusal);
    };
    const onAbort = (): void => reject(signal?.reason);
    const onClosed = (): void => reject(closedError('ready'));
    const unsubscribe = this.#reactor.subscribeConnectionStatus(settle);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#whenClosed.add(onClosed);
    settle();
    try {
      await promise;
    } finally {
      unsubscribe();
      signal?.removeEventListener('abort', onAbort);
      this.#whenClosed.delete(onClosed);
    }
  }

  /**
   * The answers of a live query, as an async iterator: the first as soon as there is one, then one for each change.
   *
   * Answers that arrive while the loop's body runs replace each other: the next iteration gets the newest, so a slow
   * reader holds one answer in memory and never a queue. Leaving the loop ends the subscription. Throws core's
   * `QueryValidationError` at once for a query that does not fit the schema. The iteration ends when the database is
   * closed. It throws the signal's reason when that is aborted, a {@link ServerRefusal} when the server refuses the
   * query, and code `connection-failed` when the server refuses the session.
   *
   * @example
   * for await (const { data } of db.watch({ goals: {} })) console.log(data.goals);
   */
  watch<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    options: Partial<InstaQLOptions> & { signal?: AbortSignal } = {},
  ): AsyncIterableIterator<WatchedResult<Schema, Q, UseDates>, undefined, undefined> {
    this.#assertOpen('watch');
    const { signal, ruleParams } = options;
    assertOptions('watch', options, ['signal', 'ruleParams']);
    assertSignal('watch', signal);
    return new LatestIterator((push, end) => {
      if (signal?.aborted) {
        end(signal.reason);
        return () => {};
      }
      const unsubscribe = this.subscribeQuery(
        query,
        (response) => {
          if (response.error) end(this.#whyEnded(response.error));
          else push({ data: response.data, pageInfo: response.pageInfo });
        },
        ruleParams && { ruleParams },
      );
      const onAbort = (): void => end(signal?.reason);
      const onClosed = (): void => end();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#whenClosed.add(onClosed);
      return () => {
        unsubscribe();
        signal?.removeEventListener('abort', onAbort);
        this.#whenClosed.delete(onClosed);
      };
    });
  }

  /**
   * Core's, with a time limit and a signal: see {@link QueryOnceOptions}. Rejects with a {@link ServerRefusal} when the
   * server refuses the query, and with code `timeout` when it does not answer in time.
   */
  override queryOnce<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    options?: QueryOnceOptions,
  ): Promise<WatchedResult<Schema, Q, UseDates>> {
    return super.queryOnce(query, options as InstaQLOptions | undefined);
  }

  /** Core's; a namespace that was never written to has an empty page. */
  override subscribeInfiniteQuery<Q extends ValidQuery<Q, Schema>>(
    query: Q,
    callback: (answer: InfiniteQueryCallbackResponse<Schema, Q, UseDates>) => void,
    options?: InstaQLOptions,
  ): InfiniteQuerySubscription {
    assertCallback('subscribeInfiniteQuery', callback);
    assertOptions('subscribeInfiniteQuery', options, ['ruleParams']);
    const database = pagingDatabase(this.subscribeQuery.bind(this) as never);
    return super.subscribeInfiniteQuery.call(
      database as never,
      query as never,
      safely(callback as never),
      options,
    );
  }

  /**
   * Calls `callback` for each write that is refused after its promise has resolved as `enqueued`, writes of an earlier
   * process on the same storage included, and for each that is kept because its author has left. Subscribe right after
   * `init` to miss none. The local change is taken back first, unless the write still waits (`isKept`). Without a
   * subscriber a refusal is logged. Returns a function that unsubscribes.
   */
  subscribeTransactionErrors(callback: (error: TransactionError) => void): () => void {
    this.#assertOpen('subscribeTransactionErrors');
    assertCallback('subscribeTransactionErrors', callback);
    return this.#parts.writes.refused.errors.subscribe(callback);
  }

  /**
   * Calls `callback` for failures in the background, which no call could report: a server that sends something other
   * than Instant's protocol (code `protocol`), a connection that had to be renewed (`connection-failed`), a storage
   * that cannot be written, or that other users of the machine may use (`storage`). The database keeps working. Without
   * a subscriber the error is logged. Returns a function that unsubscribes.
   */
  subscribeErrors(callback: (error: InstantNodeError) => void): () => void {
    this.#assertOpen('subscribeErrors');
    assertCallback('subscribeErrors', callback);
    return this.#parts.reports.errors.subscribe(callback);
  }

  /**
   * The writes that the server has not confirmed yet, oldest first, with the state of each and why it waits; writes of
   * other users, which wait for their author, come last. Writes of earlier processes are included once the storage has
   * been read, which an awaited `transact()` or `ready()` waits for.
   */
  pendingTransactions(): PendingTransaction[] {
    return this.#parts.writes.pending.all();
  }

  /**
   * Sends a waiting write again, at once: one that is `stuck`, or any while there is no connection, which is then
   * renewed without the usual backoff. A write that others come before keeps its place. Resolves and rejects as
   * `transact` does; also rejects with code `not-pending` when no write with that id is waiting, or it waits for its
   * author (`foreign`).
   */
  retryTransaction(eventId: string): Promise<TransactionResult> {
    if (this.#closing) return Promise.reject(closedError('retryTransaction'));
    return this.#parts.writes.pending.retry(eventId) as Promise<TransactionResult>;
  }

  /**
   * Discards a waiting write: its local change is taken back, it is not sent again, and its promise, if it is still
   * pending, rejects with code `discarded`. A write that was sent before may still have reached the server. Resolves
   * with whether there was such a write, once the storage has forgotten it.
   */
  discardTransaction(eventId: string): Promise<boolean> {
    if (this.#closing) return Promise.reject(closedError('discardTransaction'));
    return this.#parts.writes.pending.discard(eventId);
  }

  /** What the connection to the server is doing, and why: for status pages, logs and alerts. */
  get connection(): ConnectionInfo {
    return this.#parts.lifecycle.standing.info;
  }

  /**
   * Calls `callback` at each change of `connection.state`, with what `connection` is then. Core's
   * `subscribeConnectionStatus` tells only of whether there is a session. Returns a function that unsubscribes.
   */
  subscribeConnection(callback: (connection: ConnectionInfo) => void): () => void {
    this.#assertOpen('subscribeConnection');
    assertCallback('subscribeConnection', callback);
    return this.#parts.lifecycle.standing.changes.subscribe(callback);
  }

  /**
   * Gives up the present connection, whatever its state, and opens another at once, without the usual delay. What waits
   * is sent over the new one. Without a network, nothing happens until it is back.
   */
  reconnect(): void {
    this.#assertOpen('reconnect');
    this.#parts.lifecycle.reconnect();
  }

  /** What the database holds and has done, as numbers: for logs, metrics and health checks. */
  stats(): DatabaseStats {
    const { answers, connector, rooms, session, writes } = this.#parts;
    const { pending, bytes, sent, foreign } = writes.pending.count();
    return {
      status: this.#closing ? 'closed' : session.status,
      ...answers.count(),
      rooms: rooms.size,
      pendingTransactions: pending,
      pendingBytes: bytes,
      sentTransactions: sent,
      durable: writes.isDurable,
      foreignTransactions: foreign,
      connections: connector.connections,
      ...connector.traffic,
    };
  }

  /**
   * Closes the database: waits up to `timeoutMs` milliseconds (default 5,000) for pending writes to be confirmed,
   * saves, disconnects and lets the process exit. With a storage that outlives the process, writes that could not be
   * delivered stay there and their promises resolve as `enqueued`. In memory they are lost: their promises reject with
   * code `closed`, and writes whose promise had already resolved are reported to `subscribeTransactionErrors`. Rejects
   * with code `storage` when the remaining changes cannot be saved; everything else is released even then.
   *
   * Can be called repeatedly: every call waits for the same close. From the first on, calls of other methods reject or
   * throw with code `closed`.
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    try {
      const timeoutMs = closeTimeoutOf(options);
      this.#closing ??= holdProcess(this.#close(timeoutMs));
      return this.#closing;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Core's: disconnects at once. Saves and lets the process exit without waiting for pending writes. */
  override shutdown(): void {
    this.#closing ??= holdProcess(this.#close(0));
    this.#closing.catch((cause) => {
      this.#parts.reports.report(
        new InstantNodeError('storage', 'Cannot save what was left at shutdown', { cause }),
      );
    });
  }

  async #close(timeoutMs: number): Promise<void> {
    const { reports, flusher, writes } = this.#parts;
    this.#forget();
    this.#calls.close();
    writes.room.rejectAll(closedError('transact'));
    for (const onClosed of [...this.#whenClosed]) onClosed();
    if (timeoutMs > 0) await writes.delivery.doneWithin(timeoutMs);
    const settled = writes.undelivered.settle();
    const [saved] = await Promise.allSettled([flusher.flush(), this.#reactor.disconnect()]);
    await flusher.release();
    await settled;
    if (saved.status === 'rejected') throw reports.withoutSecrets(saved.reason);
  }

  get #parts(): NodeReactor<Schema>['parts'] {
    return this.#reactor.parts;
  }

  #whyEnded(error: { message: string }): Error {
    return this.#parts.session.refusal ?? thrown(error);
  }

  #assertOpen(method: string): void {
    if (this.#closing) throw closedError(method);
  }
}

function closeTimeoutOf(options: { timeoutMs?: number }): number {
  assertOptions('close', options, ['timeoutMs']);
  const { timeoutMs = CLOSE_TIMEOUT_MS } = options;
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return timeoutMs;
  const message = `Cannot close the database: timeoutMs is ${String(timeoutMs)}, expected a number from 0`;
  throw new InstantNodeError('invalid-config', message);
}
