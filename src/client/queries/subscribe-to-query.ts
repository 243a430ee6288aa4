import { weakHash } from '@instantdb/core';
import { assertSendable } from '../values/sendable.ts';
import { withPrintableClauses } from './printable-clauses.ts';

/** What a subscription to a query needs to know and to do. */
export interface SubscribeHost {
  /** Core's way to subscribe. */
  coreSubscribes(query: unknown, callback: (answer: object) => void, options: unknown): () => void;
  /** What is wrong with a query that had no answer when it was last asked for it. */
  failureOf(hash: string): object | undefined;
  /** Why the server refuses the session; undefined while it does not. */
  refusal(): object | undefined;
}

/** Subscribes to a query, and tells at once why there is no answer to come; returns what unsubscribes. */
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
