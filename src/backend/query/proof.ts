import type { Triple } from '../../protocol/attr.ts';

/**
 * Why an entity matches a where clause, with every way that it does: `any` of these holds, `all` of those, or a `row` of
 * triples that belong together. Combinations of independent parts are not multiplied out.
 *
 * Without the right to see a triple, the row it is in is lost; {@link proofPruner} tells whether the entity still matches then.
 */
export type Proof =
  | { kind: 'row'; triples: readonly Triple[] }
  | { kind: 'all' | 'any'; of: readonly Proof[] };

/**
 * Passes every triple of proofs to `take`. Proofs share parts, also those of different entities: each part is visited
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
 * Tells what is left of a proof when only rows of visible triples count; undefined when nothing proves the match any
 * more. Parts that proofs share are judged once.
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
