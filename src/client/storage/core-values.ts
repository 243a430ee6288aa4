import { isObject } from '../../protocol/json.ts';

/** The id of a user as core stores one in `kv`, plain or as JSON; null for none. */
export function userIdOf(user: unknown): string | null {
  const value = parseCoreValue(user);
  return isObject(value) && typeof value.id === 'string' ? value.id : null;
}

/** A value that core has stored, plain or as JSON; undefined for a text that is not JSON. */
export function parseCoreValue(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
