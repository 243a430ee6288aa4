import { weakHash } from '@instantdb/core';
import { assertSendable } from '../values/sendable.ts';
import { withPrintableClauses } from './printable-clauses.ts';

/** What a subscription to a query needs to know and to do. */
export interface SubscribeHost {
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
  const { ruleParams } = Object(options) as { ruleParams?: unknown };
  assertSendable(given, ruleParams);
  const query = withPrintableClauses(given);
  const unsubscribe = host.coreSubscribes(query, callback, options);
  const q = ruleParams === undefined ? query : { $$ruleParams: ruleParams, ...(query as object) };
  for (const error of [host.failureOf(weakHash(q)), host.refusal()]) if (error) callback({ error });
  return unsubscribe;
}
