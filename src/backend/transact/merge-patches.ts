import type { JsonObject, JsonValue } from '../../protocol/json.ts';

/** A value being merged: objects that a patch has entered are maps. */
type Draft = JsonValue | Map<string, Draft> | undefined;

/**
 * Applies `patches` to `base`, one after another. Two objects are merged key by key: null removes a key, objects are
 * merged recursively, and anything else replaces. In all other cases the patch replaces the value. The arguments are
 * not modified, and the cost of many small patches is the sum of theirs.
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
