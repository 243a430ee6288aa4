import { validationFailed } from '../../../protocol/error.ts';
import { isObject, type JsonValue } from '../../../protocol/json.ts';
import { isUuid } from '../../../protocol/uuid.ts';
import type { EntityName } from './admin-steps.ts';

/** The prefix of a lookup in text form: `lookup__<label>__<value as JSON>`. */
const LOOKUP = 'lookup__';

/**
 * Whether a value identifies an entity: an id, a lookup as text, a pair of label and value, or an object with one
 * entry. The shape of the object is checked later.
 */
export function isEntityName(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith(LOOKUP) || isUuid(value);
  if (Array.isArray(value)) return value.length === 2 && typeof value[0] === 'string';
  return isObject(value);
}

/**
 * The entity that a value identifies, see {@link isEntityName}.
 *
 * @throws {ServerError} `validation-failed` for a lookup whose value is not JSON, or that has other than one attribute.
 */
export function parseEntityName(written: JsonValue): EntityName {
  if (typeof written === 'string' && isUuid(written)) return { by: 'id', id: written };
  const [label, value] = typeof written === 'string' ? parseLookupText(written) : lookupPair(written);
  return { by: 'value', label, value, written };
}

function parseLookupText(text: string): [label: string, value: JsonValue] {
  const [label = '', ...rest] = text.slice(LOOKUP.length).split('__');
  const json = rest.join('__');
  try {
    return [label, JSON.parse(json) as JsonValue];
  } catch {
    throw validationFailed('lookup', text, [
      { message: 'lookup value is invalid', hint: { attribute: label, value: json } },
    ]);
  }
}

function lookupPair(written: JsonValue): [label: string, value: JsonValue] {
  if (Array.isArray(written)) return [String(written[0]), written[1] ?? null];
  const entries = isObject(written) ? Object.entries(written) : [];
  const [entry] = entries;
  if (!entry || entries.length > 1) {
    throw validationFailed('lookup', written, [
      { message: 'lookup must be an object with a single unique attr and value.' },
    ]);
  }
  return [entry[0], (entry[1] ?? null) as JsonValue];
}
