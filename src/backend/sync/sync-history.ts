import { etypeOf, type Triple } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { SyncChange, SyncTransaction } from '../../protocol/sync.ts';
import { sizeOfChanges } from '../ephemeral/size-of.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Change } from '../store/undo-log.ts';

/** How many transactions are kept for subscribers that have to catch up. Exported for its test. */
export const HISTORY_LIMIT = 10_000;

/** The maximum size of these transactions in bytes, including the values they replaced. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The error for a subscription that needs transactions older than the kept ones. */
export function historyIsGone(subscriptionId: string): ServerError {
  const message = 'Transactions for the subscription are no longer available.';
  return validationFailed('subscription', { 'subscription-id': subscriptionId }, [{ message }]);
}

interface Entry {
  readonly txId: number;
  readonly changes: readonly Change[];
  readonly bytes: number;
}

/** The latest transactions of an app, for sync tables. */
export class SyncHistory {
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #forgottenTo: number;
  readonly #keep: (bytes: number) => boolean;

  /**
   * @param txId the last transaction before the first one to be recorded.
   * @param keep is called with the number of bytes kept, or negative when released; returns whether there is room.
   */
  constructor(txId: number, keep: (bytes: number) => boolean = () => true) {
    this.#forgottenTo = txId;
    this.#keep = keep;
  }

  /** Whether every transaction after `txId` is still here. */
  reaches(txId: number): boolean {
    return txId >= this.#forgottenTo;
  }

  /** Records a transaction, whose id must be larger than all before; the oldest are dropped beyond the limits. */
  record(txId: number, changes: readonly Change[]): void {
    const bytes = sizeOfChanges(changes);
    // Drops half of the list at a time, so that not every transaction pays for moving it.
    if (this.#entries.length >= HISTORY_LIMIT * 2 - 1) this.#forget(this.#entries.length - HISTORY_LIMIT + 1);
    while (!this.#hasKept(bytes)) {
      if (this.#entries.length === 0) {
        this.#forgottenTo = txId;
        return;
      }
      this.#forget(Math.ceil(this.#entries.length / 2));
    }
    this.#bytes += bytes;
    this.#entries.push({ txId, changes, bytes });
  }

  /** Drops everything. */
  clear(): void {
    this.#forget(this.#entries.length);
  }

  #hasKept(bytes: number): boolean {
    return this.#bytes + bytes <= MAX_BYTES && this.#keep(bytes);
  }

  /** Drops this many of the oldest transactions. */
  #forget(count: number): void {
    const gone = this.#entries.splice(0, count);
    const bytes = gone.reduce((sum, entry) => sum + entry.bytes, 0);
    this.#bytes -= bytes;
    this.#keep(-bytes);
    this.#forgottenTo = gone.at(-1)?.txId ?? this.#forgottenTo;
  }

  /**
   * The changes to a namespace in the transactions after `txId`: up to `limit` transactions, and the last one examined.
   */
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
 * The net changes of one transaction to a namespace. What was both added and removed is left out, because core's client
 * assumes that every entity it hears of exists.
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
