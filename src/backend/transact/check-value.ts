import { type Attr, type CheckedDataType, etypeOf, labelOf } from '../../protocol/attr.ts';
import { recordNotUnique, ServerError } from '../../protocol/error.ts';
import { type JsonValue, jsonTypeOf } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { parseInstantDate } from '../store/instant-date.ts';
import type { TripleStore } from '../store/triple-store.ts';
import { byteLength, clipBytes, jsonbSize, jsonbText } from './jsonb.ts';

/** The largest value of an indexed attribute, a unique one or a link, in bytes that Postgres keeps it in. */
const MAX_INDEXED_BYTES = 1024;

/** No UTF-16 unit takes more bytes than this, and what stands around a text takes no more than that. */
const MAX_BYTES_PER_UNIT = 3;
const MAX_OVERHEAD = 12;

/** Postgres shows no more of a value in an error. */
const MAX_SHOWN_BYTES = 64;

/** Refuses a value that its attribute cannot hold: too large for an index, no id for a link, of another type. */
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

/** Refuses a value of a unique attribute that another entity has. Any number of entities may have none. */
export function checkUnique(triples: TripleStore, attr: Attr, e: string, v: JsonValue): void {
  if (!attr['unique?'] || v === null) return;
  if (triples.attrValue(attr.id, v).some((triple) => triple[0] !== e)) throw notUnique(attr, v);
}

/** The error for a value of a unique attribute that two entities would have. */
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
    // The server reads it off a text that Postgres made of the row.
    'checked-data-type': attr['checked-data-type'] ?? 'null',
    'attr-id': attr.id,
    'entity-id': e,
    ...more,
  });
}

/** A value as errors show it: as it is, or the beginning of its text. */
function shown(v: JsonValue): JsonValue {
  const text = jsonbText(v);
  return byteLength(text) <= MAX_SHOWN_BYTES ? v : `${clipBytes(text, MAX_SHOWN_BYTES)}...`;
}

function isTooLarge(v: JsonValue): boolean {
  if (v === null || typeof v === 'number' || typeof v === 'boolean') return false;
  // Most values are short, and nothing has to be encoded to see that.
  if (typeof v === 'string' && v.length * MAX_BYTES_PER_UNIT + MAX_OVERHEAD <= MAX_INDEXED_BYTES)
    return false;
  return jsonbSize(v) > MAX_INDEXED_BYTES;
}

function hasType(v: JsonValue, type: CheckedDataType): boolean {
  if (v === null) return true;
  return type === 'date' ? parseInstantDate(v) !== undefined : typeof v === type;
}
