import type { WriteEntry } from '../transactions/pending-write.ts';
import type { TransactionStep } from '../transactions/transactions.ts';
import { deepMerge } from '../values/deep-merge.ts';
import { deleteEntity } from './delete-entity.ts';
import { type Attr, idAttrOf, isLink, type Stores } from './store.ts';
import { StoreDraft } from './store-draft.ts';

/**
 * Applies `writes` on top of a store, one after the other, and leaves the store as it is.
 *
 * Core drafts the store with a library that mistakes a value's own `__proto__` for its prototype, and drafts it again
 * for each write, at a cost that grows with the store.
 */
export function applyWrites(stores: Stores, writes: readonly WriteEntry[]): Stores {
  const draft = new StoreDraft(stores);
  for (const [, mutation] of writes) {
    // A step's condition applies to the state before its transaction.
    const steps = mutation['tx-steps'].filter((step) => isMet(draft, step));
    for (const step of steps) applyStep(draft, step);
  }
  return draft.finished();
}

/** Whether a step applies: some require that the entity exists, or that it does not. */
function isMet(draft: StoreDraft, [op, entity, attrId, , options]: TransactionStep): boolean {
  if (op !== 'add-triple' && op !== 'deep-merge-triple') return true;
  const { mode } = Object(options) as { mode?: string };
  if (mode !== 'create' && mode !== 'update') return true;
  return (mode === 'update') === exists(draft, entity, attrId);
}

function exists(draft: StoreDraft, entity: unknown, attrId: unknown): boolean {
  const attr = draft.attrs.getAttr(attrId as string);
  const idAttr = attr && idAttrOf(draft.attrs, attr['forward-identity'][1]);
  const found = entityOf(draft, entity);
  if (!idAttr || found === undefined || valueFor(draft, entity) === unknown) return false;
  return draft.eav.get(found)?.has(idAttr.id) ?? false;
}

function applyStep(draft: StoreDraft, step: TransactionStep): void {
  const [op, subject, third] = step;
  if (op === 'add-triple' || op === 'retract-triple' || op === 'deep-merge-triple') applyTriple(draft, step);
  else if (op === 'delete-entity') {
    const entity = entityOf(draft, subject);
    if (entity !== undefined) deleteEntity(draft, entity, third as string | undefined);
  } else if (op === 'add-attr') draft.addAttr(subject as unknown as Attr);
  else if (op === 'delete-attr') draft.deleteAttr(subject as string);
  else if (op === 'update-attr') draft.updateAttr(subject as unknown as Attr);
  // Other steps do not change data; what is not a step at all, the server refuses.
}

function applyTriple(draft: StoreDraft, [op, lookup, attrId, given]: TransactionStep): void {
  const entity = entityOf(draft, lookup);
  const value = valueFor(draft, given);
  const attr = draft.attrs.getAttr(attrId as string);
  // What the server knows and this store does not shows once the server has sent it.
  if (entity === undefined || value === unknown || !attr) return;
  if (op === 'add-triple') draft.put(attr, entity, value);
  else if (op === 'retract-triple') draft.remove(attr, entity, value);
  // Links cannot be merged; the server refuses that.
  else if (!isLink(attr)) {
    const [before] = draft.eav.get(entity)?.get(attr.id)?.values() ?? [];
    if (before) draft.replace(before, deepMerge(before[2], value));
  }
}

/** The entity that an id or a lookup stands for. */
function entityOf(draft: StoreDraft, entity: unknown): string | undefined {
  const found = Array.isArray(entity) ? lookedUp(draft, entity) : entity;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** Stands for a value that is a lookup of something the store does not have. */
const unknown: unique symbol = Symbol('unknown');

/** A value, or the entity that it stands for when it is a lookup. */
function valueFor(draft: StoreDraft, value: unknown): unknown {
  const isLookup = Array.isArray(value) && value.length === 2 && draft.aev.get(value[0]) !== undefined;
  return isLookup ? (lookedUp(draft, value) ?? unknown) : value;
}

function lookedUp(draft: StoreDraft, [attrId, value]: readonly unknown[]): string | undefined {
  for (const [entity, , candidate] of draft.aev.triples(attrId)) if (candidate === value) return entity;
  return undefined;
}
