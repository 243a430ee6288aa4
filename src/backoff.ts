/** The delay before the next try after `failures` failures in a row: it doubles each time, up to `most`. */
export function backoffMs(failures: number, { first, most }: { first: number; most: number }): number {
  return Math.min(first * 2 ** failures, most);
}
