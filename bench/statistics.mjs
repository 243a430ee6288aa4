/**
 * The value that `share` of the values do not exceed: the nearest rank, so always one of them.
 * @param {number[]} values
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  if (values.length === 0) throw new RangeError('Cannot take a quantile of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}
