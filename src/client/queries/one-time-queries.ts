import { weakHash } from '@instantdb/core';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { type Deferred, deferred } from '../timing/deferred.ts';
import type { Timers } from '../timing/timers.ts';
import { assertSendable } from '../values/sendable.ts';
import { withPrintableClauses } from './printable-clauses.ts';
import {
  limited,
  type ParsedQueryOnceOptions,
  parseQueryOnceOptions,
  type QueryOnceOptions,
  queryTimedOut,
} from './query-once.ts';
import { entitiesIn, querySubject } from './query-subject.ts';

/** A call of `queryOnce` that waits for its answer. */
export interface Asker {
  q: object;
  dfd: Deferred<unknown>;
  eventId: string;
}

/** What {@link OneTimeQueries} need to know and to do. */
export interface OneTimeQueriesHost {
  readonly timers: Timers;
  readonly diagnostics: Diagnostics;
  /** Why the server refuses the session; undefined while it does not. */
  refusal(): Error | undefined;
  isOnline(): boolean;
  /** Core's own `queryOnce`, which rejects at once without a network and starts no timer. */
  askOffline(query: object): Promise<unknown>;
  validate(query: object): void;
  /** Sends the query to the server; returns the id under which the server refuses it. */
  start(q: object, hash: string): string;
  add(hash: string, asker: Asker): void;
  complete(q: object, hash: string, dfd: Deferred<unknown>): void;
  /** All calls that wait, by query. */
  askers(): [hash: string, askers: readonly Pick<Asker, 'q' | 'dfd'>[]][];
  /** The server owes an answer for too long. */
  suspectSilence(): void;
  /** The state of the connection. */
  status(): string;
  /** How the last connection ended before a session was accepted. */
  lastError(): Error | undefined;
}

/**
 * One-time queries. Core's timer of 30 s outlives the answer and keeps the process running. Core also lets it run out
 * when the server has refused the session, does not say why a query timed out, and cannot abort one.
 */
export class OneTimeQueries {
  readonly #host: OneTimeQueriesHost;

  constructor(host: OneTimeQueriesHost) {
    this.#host = host;
  }

  /** The answer of a query. */
  ask(given: object, options: QueryOnceOptions | undefined): Promise<unknown> {
    const parsed = parseQueryOnceOptions(options);
    return this.#host.diagnostics.until(
      'instant:query-once',
      () => querySubject(given),
      (trace) => this.#ask(given, parsed, trace),
      (trace, answer) => {
        trace.entities = entitiesIn(answer);
      },
    );
  }

  /** Rejects every call that still waits. */
  rejectAll(reason: Error): void {
    for (const [hash, askers] of this.#host.askers()) {
      for (const { q, dfd } of askers) {
        dfd.reject(reason);
        this.#host.complete(q, hash, dfd);
      }
    }
  }

  #ask(
    given: object,
    { ruleParams, timeoutMs, signal }: ParsedQueryOnceOptions,
    trace: { hash?: string } | undefined,
  ): Promise<unknown> {
    const host = this.#host;
    const refusal = host.refusal();
    if (refusal) return Promise.reject(refusal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!host.isOnline()) return host.askOffline(given);
    assertSendable(given, ruleParams);
    const query = withPrintableClauses(given);
    host.validate(query);
    const q = ruleParams ? { $$ruleParams: ruleParams, ...query } : query;
    const hash = weakHash(q);
    if (trace) trace.hash = hash;
    const dfd = deferred<unknown>();
    host.add(hash, { q, dfd, eventId: host.start(q, hash) });
    const giveUp = (reason: unknown): void => {
      dfd.reject(reason);
      host.complete(q, hash, dfd);
    };
    limited(dfd.promise, { timeoutMs, signal }, host.timers, {
      expired: () => {
        host.suspectSilence();
        giveUp(queryTimedOut(query, timeoutMs, host.status(), host.lastError()));
      },
      aborted: giveUp,
    });
    return dfd.promise;
  }
}
