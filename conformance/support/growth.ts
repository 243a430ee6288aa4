import type { Held } from './held.ts';

/** By what a process has grown with each round of the same work after the first, which warms it up. */
export interface Growth {
  /** Bytes of the heap, by the round after which it had grown least. */
  heapBytes: number;
  /** What there is more of after each of the rounds, and by how many at least. */
  counts: { what: string; by: number }[];
}

/**
 * Compares what a process held after each round. What is left behind for each thing is so in every round; a cache that
 * fills up, or code that is compiled, is in one of them: so the least of the rounds counts.
 */
export function grown(rounds: readonly Held[]): Growth {
  const pairs = rounds.slice(1).map((after, index) => [rounds[index] as Held, after] as const);
  const least = (of: (held: Held) => number): number =>
    Math.min(...pairs.map(([before, after]) => of(after) - of(before)));
  const counts = Object.keys(rounds.at(-1)?.counts ?? {})
    .map((what) => ({ what, by: least((held) => held.counts[what] ?? 0) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by);
  return {
    heapBytes: least((held) => held.heapBytes),
    counts,
  };
}
