import { isObject } from '../../protocol/json.ts';

/**
 * Merges `patch` into a copy of `base`, as the server does: objects are merged key by key, null removes a key, anything
 * else replaces. Neither is changed. Only own keys count, and `__proto__` can be one of them.
 */
export function deepMerge(base: unknown, patch: unknown): unknown {
  if (!isObject(base) || !isObject(patch)) return patch;
  const merged = copyOf(base);
  const open: [target: Record<string, unknown>, patch: Record<string, unknown>][] = [[merged, patch]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [target, changes] = next;
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) continue;
      const before = Object.hasOwn(target, key) ? target[key] : undefined;
      if (value === null) delete target[key];
      else if (isObject(before) && isObject(value)) {
        const inner = copyOf(before);
        setOwn(target, key, inner);
        open.push([inner, value]);
      } else setOwn(target, key, value);
    }
  }
  return merged;
}

function copyOf(value: Record<string, unknown>): Record<string, unknown> {
  return { ...value };
}

/** Sets a property of the object itself: `target.__proto__ = …` would set its prototype. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else {
    Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
  }
}
