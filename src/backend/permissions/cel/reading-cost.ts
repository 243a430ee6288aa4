/** Looking at an item of a list takes less than a step of a rule. */
const ITEMS_PER_STEP = 4;
/** A processor compares texts many characters at a time. */
const CHARS_PER_STEP = 256;

/** A map that reads its values when they are asked for, and counts them itself. */
export class LazyMap extends Map<string, unknown> {}

/** What lists and maps weigh, in items. They are never changed, and a loop may come back to one any number of times. */
const known = new WeakMap<object, number>();

/**
 * How many steps it takes to read a value to its end, as a comparison or a search may have to: no loop may do that with
 * something large for free.
 */
export function readingCost(value: unknown): number {
  if (typeof value === 'string') return Math.floor(value.length / CHARS_PER_STEP);
  return typeof value === 'object' ? Math.floor(weightOf(value) / ITEMS_PER_STEP) : 0;
}

function weightOf(value: unknown): number {
  if (typeof value === 'string') return 1 + (value.length * ITEMS_PER_STEP) / CHARS_PER_STEP;
  if (value instanceof Uint8Array) return 1 + (value.length * ITEMS_PER_STEP) / CHARS_PER_STEP;
  const items = itemsOf(value);
  if (!items || typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let weight = 1;
  for (const item of items) weight += weightOf(item);
  known.set(value, weight);
  return weight;
}

function itemsOf(value: unknown): Iterable<unknown> | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return value instanceof LazyMap ? undefined : value.values();
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : undefined;
}
