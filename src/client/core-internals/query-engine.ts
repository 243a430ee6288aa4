import { Reactor } from '@instantdb/core';

const noWrites: Map<string, unknown> = new Map();

/**
 * What a query finds in `result`, as core's engine gives it. Core has no name for its engine: a stand-in for its reactor
 * that knows this one query leads to it.
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
