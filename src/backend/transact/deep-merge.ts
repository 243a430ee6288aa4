import type { JsonObject, JsonValue } from '../../protocol/json.ts';

/**
 * `patch` laid over `base`. Where both are objects they are merged key by key: null takes a key away, objects go
 * deeper, anything else replaces. Where they are not, the answer is `patch` as it is.
 */
export function deepMerge(base: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(base) || !isJsonObject(patch)) return patch;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (value !== undefined) merged.set(key, deepMerge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
