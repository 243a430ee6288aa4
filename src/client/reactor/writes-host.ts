import type { Reactor } from '@instantdb/core';
import type { Lifecycle } from '../connection/lifecycle.ts';
import type { ServerSession } from '../connection/server-session.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { Attr, AttrsStore } from '../engine/store.ts';
import { noWritesError } from '../refusals/no-writes.ts';
import type { Reports } from '../secrecy/reports.ts';
import type { Persistence } from '../storage/persistence.ts';
import type { Timers } from '../timing/timers.ts';
import { whyUnusable } from '../values/usable-names.ts';
import type { WriteSession } from '../writes/pending-transactions.ts';
import { showQueue } from '../writes/queue-in-kv.ts';
import type { WritesHost } from '../writes/writes.ts';

/** What writes need from the reactor besides core. */
export interface AroundWrites {
  readonly persistence: Persistence;
  readonly timers: Timers;
  readonly reports: Reports;
  readonly diagnostics: Diagnostics;
  readonly isStrict: boolean;
  readonly limits: WritesHost['limits'];
  session(): ServerSession;
  lifecycle(): Lifecycle;
}

/** Core's own versions of overridden methods. */
export type CoresWrites = Pick<WritesHost, 'coreSends' | 'coreRefuses' | 'coreFinishes'>;

/** Adapts core to a {@link WritesHost}. Call this once, before `pushTx` is replaced. */
export function writesHost(core: Reactor, around: AroundWrites, supers: CoresWrites): WritesHost {
  const { persistence, session, lifecycle } = around;
  const kv = showQueue(core.kv, persistence.queue);
  const { pushTx } = core;
  return {
    ...around,
    ...supers,
    promises: core.mutationDeferredStore,
    inFlight: core._inFlightMutationEventIds,
    session: sessionOf(core, session),
    attrs: () => core.ensureAttrs() as unknown as AttrsStore,
    attr: (id) => (core.attrs?.getAttr(id) ?? persistence.queue.attrSteps.added(id)) as Attr | undefined,
    knowsAttr: (id) => Boolean(core.attrs?.getAttr(id)),
    learnAttrs: (added) => core._setAttrs([...Object.values(core.ensureAttrs().attrs), ...added]),
    queueChanged: () => kv.changed(),
    send: (eventId, mutation) => core._trySend(eventId, mutation, undefined),
    make: (chunks) => refusedTx(core, chunks) ?? pushTx(chunks),
    divert: (taker) => {
      const { pushOps } = core;
      core.pushOps = taker;
      return () => {
        core.pushOps = pushOps;
      };
    },
    seenByAll: () => seenByAll(core),
    patienceMs: () => core._pendingTxCleanupTimeout,
    notifyAll: () => core.notifyAll(),
    tellSubscribers: () => {
      core.notifyAll();
      core.notifyAttrsSubs();
    },
    connectNow: () => lifecycle().connectNow(),
    isMoving: () => lifecycle().wayBack.isHolding,
    renewSession: () => lifecycle().renew(),
    suspectSilence: () => lifecycle().suspect(),
  };
}

function sessionOf(core: Reactor, session: () => ServerSession): WritesHost['session'] & WriteSession {
  const isAccepted = (): boolean => core.status === 'authenticated';
  return {
    failure: () => session().failure,
    refusal: () => session().refusal,
    isOnline: () => core._isOnline,
    isAccepted,
    isOpen: () => isAccepted() && core._transport.isOpen(),
    isClosed: () => core.status === 'closed',
    isShutdown: () => core._isShutdown,
  };
}

/** The promise of changes that core must not make a write of; undefined when it may. */
function refusedTx(core: Reactor, chunks: unknown): Promise<unknown> | undefined {
  const { isReadOnly, status } = core._appStatusState;
  if (isReadOnly) return Promise.reject(noWritesError(status));
  const problem = whyUnusable(chunks);
  return problem && core.pushOps([], problem);
}

/** The last transaction that the answers of all queries in use include; 0 while one has no answer. */
function seenByAll(core: Reactor): number {
  const hashes = [...Object.keys(core.queryCbs), ...Object.keys(core.queryOnceDfds)];
  return hashes
    .filter((hash) => core._hasQueryListeners(hash))
    .map((hash) => core.querySubs.currentValue[hash]?.result?.processedTxId ?? 0)
    .reduce((least, txId) => Math.min(least, txId), Number.MAX_SAFE_INTEGER);
}
