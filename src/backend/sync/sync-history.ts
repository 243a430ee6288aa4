import { etypeOf, type Triple } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { SyncChange, SyncTransaction } from '../../protocol/sync.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Change } from '../store/journal.ts';

/** How many transactions are kept for those who are to catch up. */
export const HISTORY_LIMIT = 10_000;

/** The error for a subscription that needs transactions from before those that are kept. */
export function historyIsGone(subscriptionId: string): ServerError {
  const message = 'Transactions for the subscription are no longer available.';
  return validationFailed('subscription', { 'subscription-id': subscriptionId }, [{ message }]);
}

interface Entry {
  readonly txId: number;
  readonly changes: readonly Change[];
}

/** The latest transactions of an app, for sync tables. */
export class SyncHistory {
  #entries: Entry[] = [];
  #forgottenTo: number;

  /** @param txId the last transaction before the first that will be recorded. */
  constructor(txId: number) {
    this.#forgottenTo = txId;
  }

  /** Whether every transaction after `txId` is still here. */
  reaches(txId: number): boolean {
    return txId >= this.#forgottenTo;
  }

  /** Notes a transaction, whose id is larger than all before; the oldest is forgotten when there are too many. */
  record(txId: number, changes: readonly Change[]): void {
    this.#entries.push({ txId, changes });
    // Half of the list at a time, so that a transaction does not pay for moving it.
    if (this.#entries.length < HISTORY_LIMIT * 2) return;
    this.#entries = this.#entries.slice(-HISTORY_LIMIT);
    this.#forgottenTo = (this.#entries[0]?.txId ?? txId + 1) - 1;
  }

  /** What the transactions after `txId` changed in a namespace: at most `limit` of them, and how far that goes. */
  after(
    txId: number,
    etype: string,
    catalog: AttrCatalog,
    limit: number,
  ): { txes: SyncTransaction[]; upTo: number } {
    const txes: SyncTransaction[] = [];
    let upTo = txId;
    for (let i = this.#indexAfter(txId); i < this.#entries.length && txes.length < limit; i++) {
      const entry = this.#entries[i] as Entry;
      const changes = changesIn(entry.changes, etype, catalog);
      if (changes.length > 0) txes.push({ 'tx-id': entry.txId, changes });
      upTo = entry.txId;
    }
    return { txes, upTo };
  }

  #indexAfter(txId: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).txId > txId) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * What the changes of one transaction come to for a namespace. What was put in and taken out again is left out: core's
 * client takes every entity that it hears of for one that exists.
 */
function changesIn(changes: readonly Change[], etype: string, catalog: AttrCatalog): SyncChange[] {
  const net = new Map<string, { before?: Triple; after?: Triple }>();
  for (const change of changes) {
    if (change.kind === 'attr') continue;
    const { triple } = change;
    const attr = catalog.byId(triple[1]);
    if (attr?.cardinality !== 'one' || etypeOf(attr) !== etype) continue;
    const key = `${triple[0]} ${triple[1]}`;
    const { before, after } = net.get(key) ?? {};
    if (change.kind === 'add') net.set(key, { ...(before && { before }), after: triple });
    else if (after) net.set(key, before ? { before } : {});
    else net.set(key, { before: triple });
  }
  return [...net.values()].flatMap(asSyncChanges);
}

function asSyncChanges({ before, after }: { before?: Triple; after?: Triple }): SyncChange[] {
  if (before && after && canonicalJson(before) === canonicalJson(after)) return [];
  return [
    ...(before ? [{ action: 'removed', triple: before } as const] : []),
    ...(after ? [{ action: 'added', triple: after } as const] : []),
  ];
}
