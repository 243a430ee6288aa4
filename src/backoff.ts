/** How long to wait before another try when so many in a row have failed: each time twice as long, up to `most`. */
export function backoffMs(failures: number, { first, most }: { first: number; most: number }): number {
  return Math.min(first * 2 ** failures, most);
}
