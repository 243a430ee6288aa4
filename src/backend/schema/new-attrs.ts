import type { Attr, CheckedDataType } from '../../protocol/attr.ts';
import { type ValidationIssue, validationFailed } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { AttrDefinition, Definitions, LinkDefinition, LinkEnd } from './definitions.ts';

const CHECKED: ReadonlySet<string> = new Set<CheckedDataType>(['string', 'number', 'boolean', 'date']);

/**
 * The attributes that a schema brings to an app that has none but the system's. What the system defines already is
 * passed over. Types are checked by the server from then on.
 *
 * @throws {ServerError} `validation-failed` for two definitions of one attribute, and for a cascade on a link to many.
 */
export function newAttrs(definitions: Definitions, catalog: AttrCatalog, newId: () => string): Attr[] {
  const isNew: IsNew = (etype, label) => !catalog.byForward(etype, label) && !catalog.byReverse(etype, label);
  const attrs = [
    ...definitions.etypes.filter((etype) => isNew(etype, 'id')).map((etype) => idAttr(etype, newId)),
    ...definitions.attrs
      .filter(({ etype, label }) => label !== 'id' && isNew(etype, label))
      .map((definition) => blobAttr(definition, newId)),
    ...definitions.links
      .filter(({ forward }) => isNew(forward.on, forward.label))
      .map((definition) => refAttr(definition, newId)),
  ];
  const issues = [...duplicates(attrs, isNew), ...impossibleCascades(definitions.links)];
  if (issues.length > 0) throw validationFailed('schema', null, issues);
  return attrs;
}

type IsNew = (etype: string, label: string) => boolean;

function idAttr(etype: string, newId: () => string): Attr {
  return {
    id: newId(),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [newId(), etype, 'id'],
    'unique?': true,
    'index?': false,
    catalog: 'user',
    'inferred-types': null,
  };
}

function blobAttr(definition: AttrDefinition, newId: () => string): Attr {
  const { etype, label, valueType } = definition;
  return {
    id: newId(),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [newId(), etype, label],
    'unique?': definition.unique,
    'index?': definition.indexed,
    'required?': definition.required,
    catalog: 'user',
    'inferred-types': null,
    ...(CHECKED.has(valueType) ? { 'checked-data-type': valueType as CheckedDataType } : {}),
  };
}

function refAttr({ forward, reverse }: LinkDefinition, newId: () => string): Attr {
  return {
    id: newId(),
    'value-type': 'ref',
    cardinality: forward.has,
    'forward-identity': [newId(), forward.on, forward.label],
    'reverse-identity': [newId(), reverse.on, reverse.label],
    'unique?': reverse.has === 'one',
    'index?': false,
    'required?': forward.required,
    catalog: 'user',
    'inferred-types': null,
    ...(forward.cascades ? { 'on-delete': 'cascade' } : {}),
    ...(reverse.cascades ? { 'on-delete-reverse': 'cascade' } : {}),
  };
}

function* duplicates(attrs: readonly Attr[], isNew: IsNew): Iterable<ValidationIssue> {
  const seen = new Set<string>();
  for (const attr of attrs) {
    for (const identity of [attr['forward-identity'], attr['reverse-identity']]) {
      if (!identity) continue;
      const [, etype, label] = identity;
      const name = JSON.stringify([etype, label]);
      if (seen.has(name) || !isNew(etype, label)) {
        yield issue(etype, label, 'Duplicate entry found for attribute. The name is in use already.');
      }
      seen.add(name);
    }
  }
}

function* impossibleCascades(links: readonly LinkDefinition[]): Iterable<ValidationIssue> {
  for (const { forward, reverse } of links) {
    for (const end of [forward, reverse]) if (end.cascades && end.has === 'many') yield cascadeIssue(end);
  }
}

function cascadeIssue({ on, label }: LinkEnd): ValidationIssue {
  return issue(on, label, "Cascade delete is only possible on links with `has: 'one'`.");
}

function issue(etype: string, label: string, problem: string): ValidationIssue {
  return { in: ['schema'], message: `${etype}->${label}: ${problem}` };
}
