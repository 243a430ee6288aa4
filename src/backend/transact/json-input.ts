import { ServerError } from '../../protocol/error.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';

/** Deep enough for any data, and far below where recursion would overflow the stack. */
const MAX_DEPTH = 500;

/** Creates the error for a value that cannot be copied, given the name of the check that failed. */
type Refuse = (expected: string) => ServerError;

/**
 * A copy of `value` as the backend stores it: UUIDs are lowercased, in keys as well as in values. Refuses what JSON
 * cannot represent and what Postgres cannot store.
 */
export function copyJson(value: unknown, refuse: Refuse, depth = 0): JsonValue {
  if (typeof value === 'string') return copyString(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (depth >= MAX_DEPTH) throw refuse('nesting of at most 500 levels');
  if (Array.isArray(value)) return Array.from(value, (item) => copyJson(item ?? null, refuse, depth + 1));
  if (isPlainObject(value)) return copyEntries(value, refuse, depth);
  throw refuse('value?');
}

function copyEntries(value: Record<string, unknown>, refuse: Refuse, depth: number): JsonValue {
  const copied: JsonObject = {};
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item !== undefined) setOwn(copied, copyString(key), copyJson(item, refuse, depth + 1));
  }
  return copied;
}

/** Defines an own property even for `__proto__`, where an assignment would replace the prototype. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function copyString(text: string): string {
  if (text.includes('\u0000')) {
    throw new ServerError(
      'validation-failed',
      'A value in the transaction contains null bytes, which cannot be stored.',
      { condition: 'untranslatable-character' },
    );
  }
  return isUuid(text) ? text.toLowerCase() : text;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
