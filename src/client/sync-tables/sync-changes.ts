import type { Stores } from '../engine/store.ts';
import { StoreDraft } from '../engine/store-draft.ts';

/** One triple that a transaction has added or removed. */
export interface SyncChange {
  action: 'added' | 'removed';
  triple: readonly [entity: string, attrId: string, value: unknown, createdAt?: number];
}

/** What a field was and is, as far as the changes say. */
interface ChangedField {
  oldValue?: unknown;
  newValue?: unknown;
}

/** The changes of a transaction by entity, in the order in which the entities first occur. */
export function byEntity(changes: readonly SyncChange[]): Map<string, SyncChange[]> {
  const groups = new Map<string, SyncChange[]>();
  for (const change of changes) {
    const [entity] = change.triple;
    const group = groups.get(entity);
    if (group) group.push(change);
    else groups.set(entity, [change]);
  }
  return groups;
}

/** `stores` with `changes` applied. */
export function afterChanges(stores: Stores, changes: readonly SyncChange[]): Stores {
  const draft = new StoreDraft(stores);
  for (const { action, triple } of changes) {
    const [entity, attrId, value] = triple;
    const attr = stores.attrsStore.getAttr(attrId);
    if (!attr) continue;
    if (action === 'removed') draft.remove(attr, entity, value);
    else if (action === 'added') draft.put(attr, entity, value);
  }
  return draft.finished();
}

/** The fields that `changes` leave with a different value, by label. */
export function changedFields(
  { attrsStore }: Pick<Stores, 'attrsStore'>,
  changes: readonly SyncChange[],
): Record<string, ChangedField> {
  const fields = new Map<string, ChangedField>();
  for (const { action, triple } of changes) {
    const [, attrId, value] = triple;
    const label = attrsStore.getAttr(attrId)?.['forward-identity'][2];
    if (label === undefined) continue;
    const field = fields.get(label) ?? {};
    fields.set(label, field);
    if (action === 'added') field.newValue = value;
    // The first value that was removed: the field may have changed more than once.
    else if (field.oldValue === undefined) field.oldValue = value;
  }
  return Object.fromEntries([...fields].filter(([, { oldValue, newValue }]) => oldValue !== newValue));
}

/** When the server created an entity, from the triple of its id; -1 when that is missing. */
export function createdAt({ store, attrsStore }: Stores, table: string, entity: string): number {
  const idAttr = attrsStore.forwardIdents.get(table)?.get('id');
  const triple = idAttr && store.eav.get(entity)?.get(idAttr.id)?.get(entity);
  return triple ? triple[3] : -1;
}
