import { type Reactor, validateQuery } from '@instantdb/core';
import type { FailedAttempts } from '../connection/failed-attempts.ts';
import type { ServerSession } from '../connection/server-session.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Stores } from '../engine/store.ts';
import type { Evaluation, Result } from '../queries/evaluated-answer.ts';
import type { QueriesHost } from '../queries/live-answers.ts';
import type { OneTimeQueriesHost } from '../queries/one-time-queries.ts';
import type { Timers } from '../timing/timers.ts';

/** Adapts core to a {@link QueriesHost}. */
export function queriesHost(core: Reactor, around: Pick<QueriesHost, 'diagnostics' | 'report'>): QueriesHost {
  return {
    ...around,
    subscribed: () => Object.keys(core.queryCbs),
    subscribers: (hash) => core.queryCbs[hash] ?? [],
    askers: (hash) => core.queryOnceDfds[hash] ?? [],
    told: (hash) => toldBy(core)[hash],
    noteTold: (hash, answer) => {
      toldBy(core)[hash] = answer;
    },
    evaluate: (hash) => core.dataForQuery(hash),
    loaded: (hash) => core.querySubs.waitForKeyToLoad(hash),
    isAwaited: (hash) => core._hasQueryListeners(hash),
    tellError: (hash, error) => core.notifyQueryError(hash, error),
    complete: (q, hash, dfd) => core._completeQueryOnce(q, hash, dfd),
  };
}

/** What core has of a query, as an {@link Evaluation}. */
export function evaluationOf(core: Reactor, hash: string): Evaluation {
  const { q, result } = core.querySubs.currentValue[hash] ?? {};
  return {
    refusal: core._errorMessage,
    q,
    result: core.kv.currentValue.pendingMutations && (result as Result | undefined),
    versions: { querySubVersion: core.querySubs.version(), pendingMutationsVersion: core.kv.version() },
    last: toldBy(core)[hash],
    withPending: ({ store, attrsStore, processedTxId }) => {
      const writes = core._rewriteMutationsSorted(attrsStore, core._pendingMutations());
      return core._applyOptimisticUpdates(store, attrsStore, writes, processedTxId) as unknown as Stores;
    },
  };
}

/** What one-time queries need from the reactor besides core. */
export interface AroundOneTimeQueries extends Pick<OneTimeQueriesHost, 'askOffline'> {
  readonly timers: Timers;
  readonly diagnostics: Diagnostics;
  readonly attempts: FailedAttempts;
  readonly session: ServerSession;
  suspectSilence(): void;
}

/** Adapts core to a {@link OneTimeQueriesHost}. */
export function oneTimeQueriesHost(core: Reactor, around: AroundOneTimeQueries): OneTimeQueriesHost {
  const { timers, diagnostics, attempts, session, askOffline, suspectSilence } = around;
  return {
    ...{ timers, diagnostics, askOffline, suspectSilence },
    refusal: () => session.refusal,
    isOnline: () => core._isOnline,
    validate: (query) => {
      if (!core.config.disableValidation) validateQuery(query, core.config.schema);
    },
    start: (q, hash) => core._startQuerySub(q, hash),
    add: (hash, asker) => {
      core.queryOnceDfds[hash] ??= [];
      core.queryOnceDfds[hash].push(asker as never);
    },
    complete: (q, hash, dfd) => core._completeQueryOnce(q, hash, dfd),
    askers: () => Object.entries(core.queryOnceDfds) as never,
    status: () => core.status,
    lastError: () => attempts.lastError,
  };
}

/** The answers that subscribers last got. */
function toldBy(core: Reactor): Record<string, object> {
  return core._dataForQueryCache;
}
