/**
 * Whether the JSON of `value` would nest deeper than `levels`. It descends no deeper itself, and leaves cycles for JSON
 * to refuse.
 */
export function nestsDeeper(value: unknown, levels: number, around: Set<object> = new Set()): boolean {
  const written = withoutToJson(value);
  if (typeof written !== 'object' || written === null || around.has(written)) return false;
  if (levels === 0) return true;
  around.add(written);
  const parts: unknown[] = Array.isArray(written) ? written : Object.values(written);
  const isDeeper = parts.some((part) => nestsDeeper(part, levels - 1, around));
  around.delete(written);
  return isDeeper;
}

function withoutToJson(value: unknown): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: unknown };
  return typeof toJSON === 'function' ? toJSON.call(value, '') : value;
}
