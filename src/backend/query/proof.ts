import type { Triple } from '../../protocol/attr.ts';

/**
 * Why an entity matches a where clause, including every way in which it does: `any` of the parts holds, `all` of them
 * do, or a `row` of triples belongs together. Combinations of independent parts are not multiplied out.
 *
 * A hidden triple invalidates the row it is in; {@link proofPruner} tells whether the entity still matches.
 */
export type Proof =
  | { kind: 'row'; triples: readonly Triple[] }
  | { kind: 'all' | 'any'; of: readonly Proof[] };

/**
 * Passes every triple of proofs to `take`. Proofs, even those of different entities, share parts; each part is visited
 * once.
 */
export function proofVisitor(take: (triple: Triple) => void): (proof: Proof) => void {
  const seen = new Set<Proof>();
  return function visit(part) {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind === 'row') part.triples.forEach(take);
    else part.of.forEach(visit);
  };
}

/**
 * Reduces a proof to rows of visible triples; undefined when it no longer proves the match. Parts that proofs share are
 * evaluated once.
 */
export function proofPruner(isVisible: (triple: Triple) => boolean): (proof: Proof) => Proof | undefined {
  const pruned = new Map<Proof, Proof | undefined>();
  return function prune(part) {
    if (pruned.has(part)) return pruned.get(part);
    const result = part.kind === 'row' ? visibleRow(part, isVisible) : left(part, prune);
    pruned.set(part, result);
    return result;
  };
}

function visibleRow(
  row: Extract<Proof, { kind: 'row' }>,
  isVisible: (triple: Triple) => boolean,
): Proof | undefined {
  return row.triples.every(isVisible) ? row : undefined;
}

function left(
  { kind, of }: Extract<Proof, { of: unknown }>,
  prune: (part: Proof) => Proof | undefined,
): Proof | undefined {
  const parts = of.flatMap((part) => prune(part) ?? []);
  const holds = kind === 'all' ? parts.length === of.length : parts.length > 0;
  return holds ? { kind, of: parts } : undefined;
}
