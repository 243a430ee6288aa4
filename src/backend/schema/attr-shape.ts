import { type Attr, type CheckedDataType, isCheckedDataType } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { AttrDefinition, Definitions, LinkDefinition, LinkEnd } from './definitions.ts';

/** The system namespaces that a schema may extend. */
const OPEN_SYSTEM_ETYPES: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

type Name = readonly [id: null, etype: string, label: string];

/** An attribute as defined by a schema, without an id. */
export interface AttrShape {
  readonly id: null;
  readonly 'value-type': Attr['value-type'];
  readonly cardinality: Attr['cardinality'];
  readonly 'forward-identity': Name;
  readonly 'reverse-identity'?: Name;
  readonly 'unique?': boolean;
  readonly 'index?': boolean;
  readonly 'required?': boolean;
  readonly 'checked-data-type': CheckedDataType | null;
  readonly 'on-delete': 'cascade' | null;
  readonly 'on-delete-reverse': 'cascade' | null;
}

/**
 * The attributes that a schema defines: every namespace with attributes gets an id, and with `withEmpty` so do those
 * without. System attributes are left out, since no app can define them, and pulled schemas list them.
 */
export function shapesOf(
  { etypes, attrs, links }: Definitions,
  catalog: AttrCatalog,
  withEmpty: boolean,
): AttrShape[] {
  const own = attrs.filter(({ etype, label }) => isOpen(etype) && !isSystem(catalog, etype, label));
  const named = new Set(withEmpty ? etypes.filter(isOpen) : own.map(({ etype }) => etype));
  return [
    ...etypes.filter((etype) => named.has(etype) && !isSystem(catalog, etype, 'id')).map(idShape),
    ...own.filter(({ label }) => label !== 'id').map(blobShape),
    ...links.filter((link) => !isSystemLink(catalog, link)).map(refShape),
  ];
}

function isOpen(etype: string): boolean {
  return !etype.startsWith('$') || OPEN_SYSTEM_ETYPES.has(etype);
}

function isSystem(catalog: AttrCatalog, etype: string, label: string): boolean {
  const attr = catalog.byForward(etype, label) ?? catalog.byReverse(etype, label);
  return attr?.catalog === 'system';
}

/** A system link must match in both names; otherwise it is a conflict, which planning reports. */
function isSystemLink(catalog: AttrCatalog, { forward, reverse }: LinkDefinition): boolean {
  const attr = catalog.byForward(forward.on, forward.label);
  const far = attr?.['reverse-identity'];
  return attr?.catalog === 'system' && far?.[1] === reverse.on && far[2] === reverse.label;
}

function idShape(etype: string): AttrShape {
  return { ...NOTHING_MORE, 'forward-identity': [null, etype, 'id'], 'unique?': true };
}

function blobShape({ etype, label, valueType, ...flags }: AttrDefinition): AttrShape {
  return {
    ...NOTHING_MORE,
    'forward-identity': [null, etype, label],
    'unique?': flags.unique,
    'index?': flags.indexed,
    'required?': flags.required,
    'checked-data-type': isCheckedDataType(valueType) ? valueType : null,
  };
}

function refShape({ forward, reverse }: LinkDefinition): AttrShape {
  return {
    ...NOTHING_MORE,
    'value-type': 'ref',
    cardinality: forward.has,
    'forward-identity': nameOf(forward),
    'reverse-identity': nameOf(reverse),
    'unique?': reverse.has === 'one',
    'required?': forward.required,
    'on-delete': forward.cascades ? 'cascade' : null,
    'on-delete-reverse': reverse.cascades ? 'cascade' : null,
  };
}

function nameOf({ on, label }: LinkEnd): Name {
  return [null, on, label];
}

const NOTHING_MORE = {
  id: null,
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': false,
  'index?': false,
  'required?': false,
  'checked-data-type': null,
  'on-delete': null,
  'on-delete-reverse': null,
} as const;
