import { weakHash } from '@instantdb/core';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { assertSendable } from '../values/sendable.ts';
import { tracingFirstAnswer } from './first-answer.ts';
import { withPrintableClauses } from './printable-clauses.ts';

/** What a subscription to a query needs to know and to do. */
export interface SubscribeHost {
  readonly diagnostics: Diagnostics;
  /** Core's own `subscribeQuery`. */
  coreSubscribes(query: unknown, callback: (answer: object) => void, options: unknown): () => void;
  /** Why there is no answer; undefined unless the query failed. */
  failureOf(hash: string): object | undefined;
  /** Why the server refuses the session; undefined while it does not. */
  refusal(): object | undefined;
}

/**
 * Subscribes to a query, and tells the callback at once why there will be no answer, if that is known. Returns a
 * function that unsubscribes.
 */
export function subscribeToQuery(
  given: unknown,
  callback: (answer: object) => void,
  options: unknown,
  host: SubscribeHost,
): () => void {
  return tracingFirstAnswer(host.diagnostics, given, callback, (tell, hashed) => {
    const { ruleParams } = Object(options) as { ruleParams?: unknown };
    assertSendable(given, ruleParams);
    const query = withPrintableClauses(given);
    const unsubscribe = host.coreSubscribes(query, tell, options);
    const hash = weakHash(
      ruleParams === undefined ? query : { $$ruleParams: ruleParams, ...(query as object) },
    );
    hashed(hash);
    for (const error of [host.failureOf(hash), host.refusal()]) if (error) tell({ error });
    return unsubscribe;
  });
}
