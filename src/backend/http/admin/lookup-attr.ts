import { validationFailed } from '../../../protocol/error.ts';
import type { EntityName } from './admin-steps.ts';
import type { AttrDrafts } from './attr-drafts.ts';

type Lookup = Extract<EntityName, { by: 'value' }>;

/**
 * Whether a lookup goes through a link, `label.id`. Labels may contain dots, so an attribute with that name takes
 * precedence.
 */
export function isLinkLookup(attrs: AttrDrafts, etype: string, { label }: Lookup): boolean {
  return label.includes('.') && !attrs.forward(etype, label);
}

/**
 * The link that a lookup `label.id` goes through.
 *
 * @throws {ServerError} `validation-failed` when it does not have that form.
 */
export function linkLabel({ label, written }: Lookup): string {
  const [link = '', id, ...more] = label.split('.');
  if (id === 'id' && more.length === 0) return link;
  throw validationFailed('lookup', written, [{ message: `${label} is not a valid lookup attribute.` }]);
}

/**
 * An entity in the form of wire steps.
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
