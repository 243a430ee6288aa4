import { ServerError } from '../../protocol/error.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { Path, Reject } from './issue.ts';

/** Deep enough for any data, and far from where recursion would exhaust the stack. */
const MAX_DEPTH = 500;

const UUID_LENGTH = 36;

/**
 * A copy of `value` as the backend stores it: what is written like a UUID is in lower case, in keys as well as in
 * values. Refuses what JSON cannot carry and what Postgres cannot store.
 */
export function copyJson(value: unknown, path: Path, reject: Reject): JsonValue {
  return copy(value, 0);

  function copy(part: unknown, depth: number): JsonValue {
    if (typeof part === 'string') return copyString(part);
    if (part === null || typeof part === 'boolean') return part;
    if (typeof part === 'number' && Number.isFinite(part)) return part;
    if (depth >= MAX_DEPTH) throw reject('nesting of at most 500 levels', path);
    if (Array.isArray(part)) return Array.from(part, (item) => copy(item ?? null, depth + 1));
    if (isPlainObject(part)) return copyEntries(part, depth);
    throw reject('value?', path);
  }

  function copyEntries(part: Record<string, unknown>, depth: number): JsonValue {
    const copied: JsonObject = {};
    for (const key of Object.keys(part)) {
      const item = part[key];
      if (item !== undefined) setOwn(copied, copyString(key), copy(item, depth + 1));
    }
    return copied;
  }
}

/** Defines an own property, also for the one key, `__proto__`, that an assignment would take for something else. */
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
  return text.length === UUID_LENGTH && isUuid(text) ? text.toLowerCase() : text;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
