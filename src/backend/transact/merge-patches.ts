import type { JsonObject, JsonValue } from '../../protocol/json.ts';

/** A value that is being merged: its objects are maps as far as a patch has gone into them. */
type Draft = JsonValue | Map<string, Draft> | undefined;

/**
 * `patches` laid over `base`, one after the other. Where both are objects they are merged key by key: null takes a key
 * away, objects go deeper, anything else replaces. Where they are not, the patch counts as it is. What is given stays as
 * it is, and many small patches cost their sum.
 */
export function mergePatches(base: JsonValue | undefined, patches: readonly JsonValue[]): JsonValue {
  return finished(patches.reduce<Draft>(merge, base));
}

function merge(base: Draft, patch: JsonValue): Draft {
  const merged = isJsonObject(patch) ? draftOf(base) : undefined;
  if (!merged || !isJsonObject(patch)) return patch;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (value !== undefined) merged.set(key, merge(merged.get(key), value));
  }
  return merged;
}

function draftOf(value: Draft): Map<string, Draft> | undefined {
  if (value instanceof Map) return value;
  return isJsonObject(value) ? new Map(Object.entries(value)) : undefined;
}

function finished(draft: Draft): JsonValue {
  if (!(draft instanceof Map)) return draft ?? null;
  return Object.fromEntries([...draft].map(([key, value]) => [key, finished(value)]));
}

function isJsonObject(value: Draft): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
