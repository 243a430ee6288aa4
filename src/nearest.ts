/** The entry of `known` that `word` was most likely meant to be, or undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: { entry: string; distance: number } | undefined;
  for (const entry of known) {
    const distance = editDistance(word.toLowerCase(), entry.toLowerCase());
    if (distance <= Math.max(2, entry.length / 3) && (!best || distance < best.distance))
      best = { entry, distance };
  }
  return best?.entry;
}

/** How many letters must be added, removed or replaced to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The hint for an error about `word` where only `known` is accepted. */
export function hintAt(word: string, known: readonly string[], what = 'options'): string {
  const meant = nearest(word, known);
  return meant === undefined ? `The ${what} are ${known.join(', ')}` : `Did you mean "${meant}"?`;
}
