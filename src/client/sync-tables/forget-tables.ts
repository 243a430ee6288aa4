import type { SyncTable } from '../core-internals/sync-table.ts';

/** What core's sync tables keep of one subscription, apart from what came from the server. */
interface TableSub {
  query: unknown;
  hash: string;
  table: string;
  orderField: string;
  orderDirection: string;
  createdAt: number;
  updatedAt: number;
}

/**
 * Forgets everything about synced tables but their subscriptions, so that the next session begins them again. Core
 * keeps the rows of the previous user and gives them to those who subscribe as the next one.
 */
export function forgetTables(syncTable: object): void {
  const { subs, callbacks, idToHash } = syncTable as SyncTable<TableSub>;
  for (const subscriptionId of Object.keys(idToHash)) delete idToHash[subscriptionId];
  const kept = Object.entries(subs.currentValue).filter(([hash]) => Object.hasOwn(callbacks, hash));
  subs.updateInPlace((state) => {
    for (const hash of Object.keys(state)) delete state[hash];
    for (const [hash, sub] of kept) state[hash] = withoutRows(sub);
  });
  // Never rejects: the store reports itself empty when it cannot be read.
  void subs.clearUnloadedKeys();
}

function withoutRows({ query, hash, table, orderField, orderDirection, createdAt }: TableSub): TableSub {
  return { query, hash, table, orderField, orderDirection, createdAt, updatedAt: Date.now() };
}
