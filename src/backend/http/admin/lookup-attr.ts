import { validationFailed } from '../../../protocol/error.ts';
import type { EntityName } from './admin-steps.ts';
import type { AttrDrafts } from './attr-drafts.ts';

type Lookup = Extract<EntityName, { by: 'value' }>;

/** Whether a lookup goes over a link, `label.id`. Labels may hold dots themselves, so an attribute of that name wins. */
export function isLinkLookup(attrs: AttrDrafts, etype: string, { label }: Lookup): boolean {
  return label.includes('.') && !attrs.forward(etype, label);
}

/**
 * The link that a lookup `label.id` goes over.
 *
 * @throws {ServerError} `validation-failed` when it is not of that form.
 */
export function linkLabel({ label, written }: Lookup): string {
  const [link = '', id, ...more] = label.split('.');
  if (id === 'id' && more.length === 0) return link;
  throw validationFailed('lookup', written, [{ message: `${label} is not a valid lookup attribute.` }]);
}

/**
 * An entity as it stands in a step on the wire.
 *
 * @throws {ServerError} `validation-failed` when it is looked up by an attribute that is not unique.
 */
export function wireEntity(
  attrs: AttrDrafts,
  etype: string,
  entity: EntityName,
): string | [a: string, v: Lookup['value']] {
  if (entity.by === 'id') return entity.id;
  const label = isLinkLookup(attrs, etype, entity) ? linkLabel(entity) : entity.label;
  const attr = attrs.forward(etype, label);
  if (attr?.['unique?']) return [attr.id, entity.value];
  throw validationFailed('lookup', entity.written, [
    { message: `${entity.label} is not a unique attribute on ${etype}` },
  ]);
}
