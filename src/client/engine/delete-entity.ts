import type { Attr } from './store.ts';
import type { StoreDraft } from './store-draft.ts';

/** An entity to delete; without a namespace, in all of them, as in writes stored by old versions of core. */
interface Doomed {
  entity: unknown;
  etype: string | undefined;
}

/**
 * Removes an entity from a store, with the links to and from it and what it deletes by cascade. Links may form cycles
 * and chains of any length, so nothing is visited twice and there is no recursion.
 */
export function deleteEntity(draft: StoreDraft, entity: string, etype: string | undefined): void {
  const open: Doomed[] = [{ entity, etype }];
  const seen = new Map<string | undefined, Set<unknown>>();
  for (let next = open.pop(); next; next = open.pop()) {
    const ofType = seen.get(next.etype) ?? new Set();
    if (ofType.has(next.entity)) continue;
    seen.set(next.etype, ofType.add(next.entity));
    deleteValues(draft, next, open);
    deleteLinksTo(draft, next, open);
  }
}

function deleteValues(draft: StoreDraft, { entity, etype }: Doomed, open: Doomed[]): void {
  const values = draft.eav.get(entity);
  if (!values) return;
  for (const [attrId, leaf] of values) {
    const attr = draft.attrs.getAttr(attrId as string);
    if (attr?.['on-delete-reverse'] === 'cascade') {
      for (const [, , target] of leaf.values()) open.push({ entity: target, etype: targetOf(attr) });
    }
    if (!etype || !attr || attr['forward-identity'][1] === etype) {
      draft.aev.delete(attrId, entity);
      draft.eav.delete(entity, attrId);
    }
  }
  if (draft.eav.get(entity)?.size === 0) draft.eav.delete(entity);
}

function deleteLinksTo(draft: StoreDraft, { entity, etype }: Doomed, open: Doomed[]): void {
  for (const [source, attrId, target] of [...draft.vae.triples(entity)]) {
    const attr = draft.attrs.getAttr(attrId);
    const isOfType = attr !== undefined && targetOf(attr) === etype;
    if (!etype || !attr || isOfType) {
      draft.eav.delete(source, attrId, target);
      draft.aev.delete(attrId, source, target);
      draft.vae.delete(target, attrId, source);
    }
    if (isOfType && attr['on-delete'] === 'cascade') {
      open.push({ entity: source, etype: attr['forward-identity'][1] });
    }
  }
  if (draft.vae.get(entity)?.size === 0) draft.vae.delete(entity);
}

/** The namespace that a link leads to. */
function targetOf(attr: Attr): string | undefined {
  return attr['reverse-identity']?.[1];
}
