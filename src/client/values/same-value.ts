/**
 * Whether two values of users are equal: JSON values, with dates. Only own keys count, whatever they are called, and
 * values may nest as deep as JSON does: it walks without recursion, and calls no methods that data could define.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  const pairs: unknown[] = [a, b];
  while (pairs.length > 0) {
    const right = pairs.pop();
    const left = pairs.pop();
    if (left === right || Object.is(left, right)) continue;
    if (!isContainer(left) || !isContainer(right)) return false;
    if (left instanceof Date || right instanceof Date) {
      if (!sameDate(left, right)) return false;
    } else if (Array.isArray(left) !== Array.isArray(right) || !comparePairs(left, right, pairs))
      return false;
  }
  return true;
}

/** Adds both values under each key to `pairs`; false when the keys differ. */
function comparePairs(
  left: Record<string, unknown>,
  right: Record<string, unknown>,
  pairs: unknown[],
): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(right, key)) return false;
    pairs.push(left[key], right[key]);
  }
  return true;
}

function sameDate(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
