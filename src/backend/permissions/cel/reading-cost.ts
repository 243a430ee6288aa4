/** Visiting a list item costs less than a step of a rule. */
const ITEMS_PER_STEP = 4;
/** A processor compares many characters of a string at a time. */
const CHARS_PER_STEP = 256;

/** A map that reads its values on demand, and meters that itself. */
export class LazyMap extends Map<string, unknown> {}

/** The weights of lists and maps, in items. They are immutable, and a loop may visit one any number of times. */
const known = new WeakMap<object, number>();

/**
 * How many steps it costs to read a whole value, as a comparison or a search may have to: no loop may do that with
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
