import { type Attr, etypeOf, labelOf } from '../../../protocol/attr.ts';
import { validationFailed } from '../../../protocol/error.ts';
import type { JsonValue } from '../../../protocol/json.ts';
import type { AttrCatalog } from '../../store/attr-catalog.ts';
import type { AdminStep, LinkStep, WriteStep } from './admin-steps.ts';
import { AttrDrafts } from './attr-drafts.ts';
import { draftMissingAttrs } from './draft-missing-attrs.ts';
import { wireEntity } from './lookup-attr.ts';
import { parseAdminSteps } from './parse-admin-steps.ts';

/** Options for translating admin steps into wire steps. */
export interface WireOptions {
  /** Whether a missing attribute is an error. Otherwise it is added. */
  readonly throwOnMissingAttrs: boolean;
  newId(): string;
}

/**
 * Translates the steps of `POST /admin/transact` into those a session would send: labels become attribute ids, lookups
 * are expanded, and attributes mentioned for the first time are added.
 *
 * @throws {ServerError} `validation-failed` that says what is wrong with them.
 */
export function toWireSteps(
  input: readonly unknown[],
  catalog: AttrCatalog,
  options: WireOptions,
): unknown[] {
  const steps = parseAdminSteps(input);
  const attrs = new AttrDrafts(catalog, () => options.newId());
  draftMissingAttrs(attrs, steps);
  if (options.throwOnMissingAttrs && attrs.added.length > 0) {
    const attributes = attrs.added.map((attr) => `${etypeOf(attr)}.${labelOf(attr)}`);
    throw validationFailed('steps', input, [
      { message: 'Attributes are missing in your schema', hint: { attributes } },
    ]);
  }
  return [
    ...attrs.added.map((attr) => ['add-attr', attr]),
    ...steps.flatMap((step) => wireStep(attrs, step)),
  ];
}

function wireStep(attrs: AttrDrafts, step: AdminStep): unknown[] {
  switch (step.action) {
    case 'create':
    case 'update':
    case 'merge':
      return writes(attrs, step);
    case 'link':
    case 'unlink':
      return links(attrs, step);
    case 'delete':
      return [['delete-entity', wireEntity(attrs, step.etype, step.entity), step.etype]];
    case 'ruleParams':
      return [['rule-params', wireEntity(attrs, step.etype, step.entity), step.etype, step.params]];
    case 'add-attr':
      return [['add-attr', step.attr]];
    case 'delete-attr':
      return [['delete-attr', step.id]];
  }
}

/** The id goes first: otherwise a write to the attribute that the entity is looked up by would precede its lookup. */
function writes(attrs: AttrDrafts, { action, etype, entity, values, mode }: WriteStep): unknown[] {
  const e = wireEntity(attrs, etype, entity);
  const options = mode ? [{ mode }] : [];
  const op = action === 'merge' ? 'deep-merge-triple' : 'add-triple';
  const write = (op: string, label: string, v: JsonValue | undefined): unknown[] => [
    op,
    e,
    attrs.forward(etype, label)?.id,
    v,
    ...options,
  ];
  return [write('add-triple', 'id', e), ...Object.entries(values).map(([label, v]) => write(op, label, v))];
}

function links(attrs: AttrDrafts, { action, etype, entity, links }: LinkStep): unknown[] {
  const op = action === 'link' ? 'add-triple' : 'retract-triple';
  const e = wireEntity(attrs, etype, entity);
  const id = typeof e === 'string' ? [] : [['add-triple', e, attrs.forward(etype, 'id')?.id, e]];
  const triples = links.flatMap(({ label, targets }) => {
    const forward = attrs.forward(etype, label);
    const attr = forward ?? attrs.reverse(etype, label);
    const target = farEtype(attr, forward !== undefined);
    return targets.map((name) => {
      const to = wireEntity(attrs, target, name);
      return forward ? [op, e, attr?.id, to] : [op, to, attr?.id, e];
    });
  });
  return [...id, ...triples];
}

function farEtype(attr: Attr | undefined, forward: boolean): string {
  return (forward ? attr?.['reverse-identity']?.[1] : attr?.['forward-identity'][1]) ?? '';
}
