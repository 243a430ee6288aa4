import { Reactor } from '@instantdb/core';

const noWrites: Map<string, unknown> = new Map();

/**
 * Evaluates a query over `result` with core's engine. Core does not expose its engine, so it is reached through a
 * stand-in for its reactor that knows only this query.
 */
export function runQuery(query: object, result: object): unknown {
  const reactor = {
    querySubs: { version: () => 0, currentValue: { only: { q: query, result } } },
    kv: { version: () => 0, currentValue: { pendingMutations: noWrites } },
    _dataForQueryCache: {},
    _pendingMutations: () => noWrites,
    _rewriteMutationsSorted: () => [],
  };
  return Reactor.prototype.dataForQuery.call(reactor as never, 'only', false).data;
}
