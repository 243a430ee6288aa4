import type { Triple } from '../../protocol/attr.ts';

/**
 * Why an entity matches a where clause, with every way that it does: `any` of these holds, `all` of those, or a `row` of
 * triples that belong together. Combinations of independent parts are not multiplied out.
 *
 * Whoever may not see a triple loses the row it is in; {@link pruneProof} tells whether the entity still matches then.
 */
export type Proof =
  | { kind: 'row'; triples: readonly Triple[] }
  | { kind: 'all' | 'any'; of: readonly Proof[] };

/** Passes every triple of the proof to `take`; one that several parts share may come more than once. */
export function eachProofTriple(proof: Proof, take: (triple: Triple) => void): void {
  const seen = new Set<Proof>();
  const visit = (part: Proof): void => {
    if (part.kind === 'row') {
      part.triples.forEach(take);
    } else if (!seen.has(part)) {
      seen.add(part);
      part.of.forEach(visit);
    }
  };
  visit(proof);
}

/** What is left of a proof when only rows of visible triples count; undefined when nothing proves the match any more. */
export function pruneProof(proof: Proof, isVisible: (triple: Triple) => boolean): Proof | undefined {
  const pruned = new Map<Proof, Proof | undefined>();
  const prune = (part: Proof): Proof | undefined => {
    if (part.kind === 'row') return part.triples.every(isVisible) ? part : undefined;
    if (pruned.has(part)) return pruned.get(part);
    const left = part.of.flatMap((inner) => prune(inner) ?? []);
    const holds = part.kind === 'all' ? left.length === part.of.length : left.length > 0;
    const result: Proof | undefined = holds ? { kind: part.kind, of: left } : undefined;
    pruned.set(part, result);
    return result;
  };
  return prune(proof);
}
