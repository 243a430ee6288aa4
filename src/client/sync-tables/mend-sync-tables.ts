import type { SyncTable } from '../core-internals/sync-table.ts';
import { evaluate } from '../engine/evaluate.ts';
import type { AttrsStore, Store, Stores, Triple } from '../engine/store.ts';
import { afterChanges, byEntity, changedFields, createdAt, type SyncChange } from './sync-changes.ts';
import { rowOrder, type SyncOrder, type SyncRow } from './sync-order.ts';

type Entity = SyncRow['entity'];

/** A row of a sync table, in a store of its own. */
interface Row {
  entity: Entity;
  store: Store;
  serverCreatedAt: number;
}

interface Values {
  attrsStore: AttrsStore;
  entities: Row[];
}

/** A sync table as core keeps it. */
interface Sub extends SyncOrder {
  query: object;
  table: string;
  state?: { txId?: number };
  values?: Values;
  updatedAt: number;
}

/** One transaction of a `sync-update-triples`. */
interface Tx {
  'tx-id': number;
  changes: SyncChange[];
}

type Tables = SyncTable<Sub, { triple: Triple; tx: Tx; store: Store; attrsStore: AttrsStore }>;

/**
 * Makes core's sync tables safe for whatever a server sends. Core looks up names of fields and ids of entities and
 * subscriptions in plain objects, and writes into what those inherit; and one bad row aborts a whole batch.
 */
export function mendSyncTables(syncTable: object): void {
  const tables = syncTable as Tables;
  tables.idToHash = Object.create(null);
  tables.callbacks = Object.create(null);
  tables.onSyncLoadBatch = (message) => {
    const found = subOf(tables, message['subscription-id']);
    if (found) loadBatch(tables, found.hash, found.sub, message['join-rows']);
  };
  tables.onSyncUpdateTriples = (message) => {
    const found = subOf(tables, message['subscription-id']);
    if (found?.sub.state) takeTxes(tables, found.hash, found.sub, message.txes);
  };
}

function subOf(tables: Tables, subscriptionId: string): { hash: string; sub: Sub } | undefined {
  const hash = tables.idToHash[subscriptionId];
  const sub = hash === undefined ? undefined : tables.subs.currentValue[hash];
  // The subscription has ended meanwhile.
  if (hash === undefined || !sub) tables.log.error('Missing sub for subscription', subscriptionId);
  else return { hash, sub };
  return undefined;
}

function loadBatch(tables: Tables, hash: string, sub: Sub, rows: readonly Triple[][]): void {
  const values = valuesOf(tables, sub);
  const batch = rows.flatMap((row) => rowFrom(sub, { ...values, store: tables.createStore(row) }) ?? []);
  values.entities.push(...batch);
  changed(tables, hash, sub);
  tables.notifyCbs(hash, {
    type: 'InitialSyncBatch',
    data: dataOf(sub, values),
    batch: batch.map(({ entity }) => entity),
  });
}

function takeTxes(tables: Tables, hash: string, sub: Sub, txes: readonly Tx[]): void {
  const state = sub.state ?? {};
  for (const { 'tx-id': txId, changes } of txes) {
    if (state.txId && state.txId >= txId) continue;
    state.txId = txId;
    const values = valuesOf(tables, sub);
    const outcome = takeChanges(tables, sub, values, changes);
    sub.orderFieldType ||=
      values.attrsStore.forwardIdents.get(sub.table)?.get(sub.orderField)?.['checked-data-type'] ?? null;
    values.entities.sort(rowOrder(sub));
    tables.notifyCbs(hash, { type: 'SyncTransaction', data: dataOf(sub, values), ...outcome });
  }
  changed(tables, hash, sub);
}

/** What a transaction has done to the rows of a table. */
interface Outcome {
  added: Entity[];
  removed: Entity[];
  updated: { oldEntity: Entity; newEntity: Entity; changedFields: object }[];
}

function takeChanges(tables: Tables, sub: Sub, values: Values, changes: readonly SyncChange[]): Outcome {
  const outcome: Outcome = { added: [], removed: [], updated: [] };
  const { attrsStore } = values;
  const rows = new Map(values.entities.flatMap((row) => [...row.store.eav.keys()].map((id) => [id, row])));
  for (const [id, own] of byEntity(changes)) {
    const row = rows.get(id);
    const before = { attrsStore, store: row?.store ?? tables.createStore([]) };
    const after = rowFrom(sub, afterChanges(before, own));
    if (!row) {
      if (after) {
        values.entities.push(after);
        outcome.added.push(after.entity);
      }
    } else if (!after) {
      values.entities.splice(values.entities.indexOf(row), 1);
      outcome.removed.push(row.entity);
    } else {
      const fields = changedFields(values, own);
      outcome.updated.push({ oldEntity: row.entity, newEntity: after.entity, changedFields: fields });
      Object.assign(row, { entity: after.entity, store: after.store });
    }
  }
  return outcome;
}

/** The row in a store; undefined when there is none. */
function rowFrom(sub: Sub, stores: Stores): Row | undefined {
  const [entity] = (evaluate(sub.query, stores).data[sub.table] ?? []) as Entity[];
  if (!entity) return undefined;
  const { store } = stores;
  return { entity, store, serverCreatedAt: createdAt(stores, sub.table, String(entity.id)) };
}

function valuesOf(tables: Tables, sub: Sub): Values {
  sub.values ??= { entities: [], attrsStore: tables.getAttrs() };
  return sub.values;
}

function dataOf({ table }: Sub, { entities }: Values): Record<string, Entity[]> {
  return { [table]: entities.map(({ entity }) => entity) };
}

function changed({ subs }: Tables, hash: string, sub: Sub): void {
  subs.updateInPlace((all) => {
    all[hash] = sub;
    sub.updatedAt = Date.now();
  });
}
