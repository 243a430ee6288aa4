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
  /** Cursors of each namespace of which the query asked for a page. */
  pageInfo: PageInfoResponse<Q>;
}

/**
 * Core's database, on a server. Everything that core documents is there, with the same meaning; what follows is what
 * a long-running process needs beyond it.
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
  // Typed as core's: what ours consists of is nothing that users should see in the types.
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
   * Resolves once the server has accepted the session: queries and writes go to it at once from then on.
   *
   * Waits as long as it takes when the server cannot be reached; give a signal to wait less. Rejects with the signal's
   * reason, with code `connection-failed` when the server refuses the session (an unknown app, a wrong admin token; it is
   * asked again every 30 seconds, and a later call resolves once it accepts), with code `storage` or `storage-locked` when the storage cannot be used, or with code `closed`.
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
   * Answers that arrive while the loop's body runs replace each other: the next turn gets the newest, so a slow reader
   * holds one answer in memory and never a queue. Leaving the loop ends the subscription. Throws core's
   * `QueryValidationError` at once for a query that does not fit the schema. The iteration ends when the database is
   * closed, throws the signal's reason when it is aborted, a {@link ServerRefusal} when the server refuses the query, and code
   * `connection-failed` when it refuses the session.
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

  /** Core's; a namespace that nobody has written to has an empty page. */
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
   * Calls `callback` for each write that is refused after its promise had already resolved as `enqueued`, writes of an
   * earlier process on the same storage among them, and for each that is kept because its author has left. Subscribe right
   * after `init` to hear of all. The local change is taken back first, unless the write still waits (`isKept`). Without a subscriber a refusal is logged. Returns what
   * unsubscribes.
   */
  subscribeTransactionErrors(callback: (error: TransactionError) => void): () => void {
    this.#assertOpen('subscribeTransactionErrors');
    assertCallback('subscribeTransactionErrors', callback);
    return this.#parts.writes.refused.errors.subscribe(callback);
  }

  /**
   * Calls `callback` for what goes wrong in the background, where no call could report it: a server that sends what is
   * not Instant's protocol (code `protocol`), a connection that had to be renewed (`connection-failed`), a storage that
   * cannot be written, or that other users of the machine may use (`storage`). The database goes on. Without a subscriber
   * the error is logged. Returns what unsubscribes.
   */
  subscribeErrors(callback: (error: InstantNodeError) => void): () => void {
    this.#assertOpen('subscribeErrors');
    assertCallback('subscribeErrors', callback);
    return this.#parts.reports.errors.subscribe(callback);
  }

  /**
   * The writes that the server has not confirmed yet, oldest first, with where each stands and why it waits; those of
   * others, which wait for their author, come last. Those of earlier processes are among them once the storage was read,
   * which an awaited `transact()` or `ready()` waits for.
   */
  pendingTransactions(): PendingTransaction[] {
    return this.#parts.writes.pending.all();
  }

  /**
   * Sends a write that waits again, at once: one that is `stuck`, or any while there is no connection, which is renewed
   * without the usual delay. One that others come before keeps its place. Resolves and rejects as `transact` does. Rejects
   * with code `not-pending` when no write of that id waits, or it waits for its author (`foreign`).
   */
  retryTransaction(eventId: string): Promise<TransactionResult> {
    if (this.#closing) return Promise.reject(closedError('retryTransaction'));
    return this.#parts.writes.pending.retry(eventId) as Promise<TransactionResult>;
  }

  /**
   * Gives a write up that waits: its local change is taken back, it is sent no more, and its promise, if it still waits,
   * rejects with code `discarded`. The server may have a write that was sent before. Resolves with whether there was one,
   * once the storage has forgotten it.
   */
  discardTransaction(eventId: string): Promise<boolean> {
    if (this.#closing) return Promise.reject(closedError('discardTransaction'));
    return this.#parts.writes.pending.discard(eventId);
  }

  /** What the database holds and has done, as numbers: for logs, metrics and health checks. */
  stats(): DatabaseStats {
    const { answers, connector, rooms, session, writes } = this.#parts;
    const { pending, sent, foreign } = writes.pending.count();
    return {
      status: this.#closing ? 'closed' : session.status,
      ...answers.count(),
      rooms: rooms.size,
      pendingTransactions: pending,
      sentTransactions: sent,
      durable: writes.isDurable,
      foreignTransactions: foreign,
      connections: connector.connections,
      ...connector.traffic,
    };
  }

  /**
   * Closes the database: waits up to `timeoutMs` milliseconds (default 5,000) for pending writes to be confirmed, saves,
   * disconnects and lets go of the process. With a storage that outlives the process, writes that could not be
   * delivered are kept there and their promises resolve as `enqueued`; in memory they are lost: their promises reject
   * with code `closed`, and those that had resolved are told to `subscribeTransactionErrors`. Rejects with code `storage`
   * when what is left cannot be saved; all else is released then too.
   *
   * Repeatable: each call waits for the same end. Calls of other methods reject or throw with code `closed` from then on.
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

  /** Core's: disconnects at once. Saves, and lets go of the process, without waiting for pending writes. */
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
