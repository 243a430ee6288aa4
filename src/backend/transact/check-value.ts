import { type Attr, type CheckedDataType, etypeOf, labelOf } from '../../protocol/attr.ts';
import { recordNotUnique, ServerError } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { parseInstantDate } from '../date.ts';
import type { TripleStore } from '../store/triple-store.ts';

/** The largest value of an indexed or unique attribute, in bytes of its JSON text. */
const MAX_INDEXED_BYTES = 1024;

/** No character takes more bytes in JSON text for each of its UTF-16 units: one that is written as `\uXXXX`. */
const MAX_BYTES_PER_UNIT = 6;
const QUOTES = 2;

/** Refuses a value that its attribute cannot hold: too large for an index, no id for a link, of another type. */
export function checkValue(attr: Attr, e: string, v: JsonValue): void {
  const unique = attr['unique?'];
  if ((unique || attr['index?']) && isTooLarge(v)) {
    const message = `Value is too large for ${unique ? 'a unique' : 'an indexed'} attribute.`;
    throw invalidValue(message, attr, e, v, { 'value-too-large?': true });
  }
  if (attr['value-type'] === 'ref' && !isUuid(v)) {
    throw invalidValue('Linked value must be a valid uuid.', attr, e, v);
  }
  const type = attr['checked-data-type'];
  if (type && !hasType(v, type)) {
    const message = `Invalid value type for ${etypeOf(attr)}.${labelOf(attr)}. Value must be a ${type} but the provided value type is ${jsonType(v)}.`;
    throw invalidValue(message, attr, e, v);
  }
}

/** Refuses a value of a unique attribute that another entity has. Any number of entities may have none. */
export function checkUnique(triples: TripleStore, attr: Attr, e: string, v: JsonValue): void {
  if (!attr['unique?'] || v === null) return;
  if (triples.attrValue(attr.id, v).some((triple) => triple[0] !== e)) throw notUnique(attr, v);
}

/** The error for a value of a unique attribute that two entities would have. */
export function notUnique(attr: Attr, v: JsonValue): ServerError {
  const [, etype, label] = attr['forward-identity'];
  const value = JSON.stringify(v);
  const message = `\`${label}\` is a unique attribute on \`${etype}\` and an entity already exists with \`${etype}.${label}\` = ${value}`;
  return recordNotUnique('triple', message, { 'attr-id': attr.id, etype, label, value });
}

function invalidValue(message: string, attr: Attr, e: string, v: JsonValue, more?: object): ServerError {
  return new ServerError('validation-failed', message, {
    namespace: etypeOf(attr),
    attribute: labelOf(attr),
    value: v,
    'checked-data-type': attr['checked-data-type'] ?? null,
    'attr-id': attr.id,
    'entity-id': e,
    ...more,
  });
}

function isTooLarge(v: JsonValue): boolean {
  if (v === null || typeof v === 'number' || typeof v === 'boolean') return false;
  // Most values are short, and nothing has to be encoded to see that.
  if (typeof v === 'string' && v.length * MAX_BYTES_PER_UNIT + QUOTES <= MAX_INDEXED_BYTES) return false;
  return new TextEncoder().encode(JSON.stringify(v)).length > MAX_INDEXED_BYTES;
}

function hasType(v: JsonValue, type: CheckedDataType): boolean {
  if (v === null) return true;
  return type === 'date' ? parseInstantDate(v) !== undefined : typeof v === type;
}

function jsonType(v: JsonValue): string {
  if (v === null) return 'null';
  return Array.isArray(v) ? 'array' : typeof v;
}
