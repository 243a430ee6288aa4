import type { AdminStep, EntityName, LinkStep, WriteStep } from './admin-steps.ts';
import type { AttrDrafts } from './attr-drafts.ts';
import { isLinkLookup, linkLabel } from './lookup-attr.ts';

const LOOKED_UP = { 'unique?': true, 'index?': true } as const;

/**
 * Drafts the attributes that steps mention but that do not exist: first those used in lookups, which must be unique.
 */
export function draftMissingAttrs(attrs: AttrDrafts, steps: readonly AdminStep[]): void {
  for (const step of steps) draftForLookups(attrs, step);
  for (const step of steps) {
    if (step.action === 'link' || step.action === 'unlink') draftForLinks(attrs, step);
    if (step.action === 'create' || step.action === 'update' || step.action === 'merge')
      draftForValues(attrs, step);
  }
}

function draftForLookups(attrs: AttrDrafts, step: AdminStep): void {
  if (step.action === 'add-attr' || step.action === 'delete-attr' || step.action === 'ruleParams') return;
  draftForLookup(attrs, step.etype, step.entity);
  if (step.action !== 'link') return;
  for (const { label, targets } of step.links) {
    for (const target of targets) {
      if (target.by === 'id') continue;
      draftLookedUpLink(attrs, step.etype, label);
      draftForLookup(attrs, targetEtype(attrs, step.etype, label), target);
    }
  }
}

function draftForLookup(attrs: AttrDrafts, etype: string, entity: EntityName): void {
  if (entity.by === 'id') return;
  if (isLinkLookup(attrs, etype, entity)) draftLookedUpLink(attrs, etype, linkLabel(entity));
  else if (!attrs.forward(etype, entity.label)) attrs.addBlob(etype, entity.label, LOOKED_UP);
}

function draftLookedUpLink(attrs: AttrDrafts, etype: string, label: string): void {
  if (attrs.forward(etype, label) || attrs.reverse(etype, label)) return;
  attrs.addRef(etype, label, { ...LOOKED_UP, cardinality: 'one' });
}

/** The namespace at the other end of a link. */
function targetEtype(attrs: AttrDrafts, etype: string, label: string): string {
  return (
    attrs.forward(etype, label)?.['reverse-identity']?.[1] ??
    attrs.reverse(etype, label)?.['forward-identity'][1] ??
    label
  );
}

function draftForValues(attrs: AttrDrafts, { etype, values }: WriteStep): void {
  draftId(attrs, etype);
  for (const label of Object.keys(values)) if (!attrs.forward(etype, label)) attrs.addBlob(etype, label);
}

function draftForLinks(attrs: AttrDrafts, { etype, links }: LinkStep): void {
  draftId(attrs, etype);
  for (const { label } of links) {
    if (!attrs.forward(etype, label) && !attrs.reverse(etype, label)) attrs.addRef(etype, label);
  }
}

function draftId(attrs: AttrDrafts, etype: string): void {
  if (!attrs.forward(etype, 'id')) attrs.addBlob(etype, 'id', { 'unique?': true });
}
