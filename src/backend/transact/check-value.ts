import { type Attr, type CheckedDataType, etypeOf, labelOf } from '../../protocol/attr.ts';
import { recordNotUnique, ServerError } from '../../protocol/error.ts';
import { type JsonValue, jsonTypeOf } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { parseInstantDate } from '../store/instant-date.ts';
import type { TripleStore } from '../store/triple-store.ts';
import { byteLength, clipBytes, jsonbSize, jsonbText } from './jsonb.ts';

/** The maximum size of a value of an indexed attribute, a unique one or a link, in bytes as stored by Postgres. */
const MAX_INDEXED_BYTES = 1024;

/** No UTF-16 code unit takes more bytes than this, and a string's overhead is no more than the next constant. */
const MAX_BYTES_PER_UNIT = 3;
const MAX_OVERHEAD = 12;

/** The part of a value that Postgres shows in an error. */
const MAX_SHOWN_BYTES = 64;

/**
 * Refuses a value that its attribute cannot hold: too large for an index, not an id for a link, or of the wrong type.
 */
export function checkValue(attr: Attr, e: string, v: JsonValue): void {
  const unique = attr['unique?'];
  const isLink = attr['value-type'] === 'ref';
  if ((unique || attr['index?'] || isLink) && isTooLarge(v)) {
    const message = `Value is too large for ${unique ? 'a unique' : 'an indexed'} attribute.`;
    throw invalidValue(message, attr, e, v, { 'value-too-large?': true });
  }
  if (isLink && !isUuid(v)) throw invalidValue('Linked value must be a valid uuid.', attr, e, v);
  const type = attr['checked-data-type'];
  if (type && !hasType(v, type)) {
    const given = shown(v) === v ? ` but the provided value type is ${jsonTypeOf(v)}` : '';
    const message = `Invalid value type for ${etypeOf(attr)}.${labelOf(attr)}. Value must be a ${type}${given}.`;
    throw invalidValue(message, attr, e, v);
  }
}

/** Refuses a value of a unique attribute that another entity has. Any number of entities may have no value. */
export function checkUnique(triples: TripleStore, attr: Attr, e: string, v: JsonValue): void {
  if (!attr['unique?'] || v === null) return;
  if (triples.attrValue(attr.id, v).some((triple) => triple[0] !== e)) throw notUnique(attr, v);
}

/** The error for a value of a unique attribute that two entities would share. */
export function notUnique(attr: Attr, v: JsonValue): ServerError {
  const [, etype, label] = attr['forward-identity'];
  const value = jsonbText(v);
  const message = `\`${label}\` is a unique attribute on \`${etype}\` and an entity already exists with \`${etype}.${label}\` = ${value}`;
  return recordNotUnique('triple', message, { 'attr-id': attr.id, etype, label, value });
}

function invalidValue(message: string, attr: Attr, e: string, v: JsonValue, more?: object): ServerError {
  return new ServerError('validation-failed', message, {
    namespace: etypeOf(attr),
    attribute: labelOf(attr),
    value: shown(v),
    // The server parses it from the row as printed by Postgres.
    'checked-data-type': attr['checked-data-type'] ?? 'null',
    'attr-id': attr.id,
    'entity-id': e,
    ...more,
  });
}

/** A value as shown in errors: in full, or the start of its text. */
function shown(v: JsonValue): JsonValue {
  const text = jsonbText(v);
  return byteLength(text) <= MAX_SHOWN_BYTES ? v : `${clipBytes(text, MAX_SHOWN_BYTES)}...`;
}

function isTooLarge(v: JsonValue): boolean {
  if (v === null || typeof v === 'number' || typeof v === 'boolean') return false;
  // Most values are short, which is visible without encoding them.
  if (typeof v === 'string' && v.length * MAX_BYTES_PER_UNIT + MAX_OVERHEAD <= MAX_INDEXED_BYTES)
    return false;
  return jsonbSize(v) > MAX_INDEXED_BYTES;
}

function hasType(v: JsonValue, type: CheckedDataType): boolean {
  if (v === null) return true;
  return type === 'date' ? parseInstantDate(v) !== undefined : typeof v === type;
}
