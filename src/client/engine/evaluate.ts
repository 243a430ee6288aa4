import { Reactor } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';
import { ownNames } from '../schema/own-names.ts';
import type { Stores } from './store.ts';

/** What a query has found, as core's engine gives it. */
export interface Found {
  data: Record<string, unknown[]>;
  pageInfo?: unknown;
  aggregate?: unknown;
}

/** What a query is evaluated over. */
export interface Answered extends Stores {
  pageInfo?: object | null | undefined;
  aggregate?: object | null | undefined;
}

const noWrites: Map<string, unknown> = new Map();

/** Runs a query through core's engine, which core has no name for: a reactor that knows this one query does it. */
export function evaluate(query: object, { pageInfo, aggregate, ...stores }: Answered): Found {
  const result = { ...stores, pageInfo: ownNames(pageInfo), aggregate: ownNames(aggregate) };
  const reactor = {
    querySubs: { version: () => 0, currentValue: { only: { q: query, result } } },
    kv: { version: () => 0, currentValue: { pendingMutations: noWrites } },
    _dataForQueryCache: {},
    _pendingMutations: () => noWrites,
    _rewriteMutationsSorted: () => [],
  };
  const { data: found } = Reactor.prototype.dataForQuery.call(reactor as never, 'only', false) as {
    data: Found;
  };
  // As the server has sent it: what inherits nothing is for the engine alone.
  return isObject(found.aggregate) ? { ...found, aggregate } : found;
}
