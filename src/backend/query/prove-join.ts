import type { Reader } from '../store/reader.ts';
import type { Proof } from './proof.ts';
import { farEnd, linkBetween, stepTriples, type TestProver, testProver } from './prove-test.ts';
import { type Hop, type PathMatch, ROOT } from './query-plan.ts';

/** The entities bound to the names of a join so far. */
type Bindings = ReadonlyMap<string, string>;

/** Proves something for the bound entities; undefined if it does not hold. */
export type Prover<T> = (input: T) => Proof | undefined;

type Pattern =
  | { kind: 'hop'; hop: Hop; names: readonly string[] }
  | { kind: 'test'; at: string; prove: TestProver; names: readonly string[] };

function patternsOf(reader: Reader, matches: readonly PathMatch[]): Pattern[] {
  const hops = new Map<string, Pattern>();
  const tests: Pattern[] = [];
  for (const { hops: path, test } of matches) {
    for (const hop of path) {
      const key = [hop.from, hop.attr, hop.forward, hop.to].join(' ');
      hops.set(key, { kind: 'hop', hop, names: [hop.from, hop.to] });
    }
    const at = path.at(-1)?.to ?? ROOT;
    tests.push({ kind: 'test', at, prove: testProver(reader, test), names: [at] });
  }
  return [...hops.values(), ...tests];
}

/** Groups patterns that share an unbound name; groups are independent of each other. */
function independentGroups(patterns: readonly Pattern[], bound: ReadonlySet<string>): Pattern[][] {
  let groups: { names: Set<string>; patterns: Pattern[] }[] = [];
  for (const pattern of patterns) {
    const open = pattern.names.filter((name) => !bound.has(name));
    const merged = { names: new Set(open), patterns: [pattern] };
    groups = groups.filter((group) => {
      if (!open.some((name) => group.names.has(name))) return true;
      for (const name of group.names) merged.names.add(name);
      merged.patterns.unshift(...group.patterns);
      return false;
    });
    groups.push(merged);
  }
  return groups.map((group) => group.patterns);
}

function proveBound(reader: Reader, pattern: Pattern, bindings: Bindings): Proof | undefined {
  if (pattern.kind === 'hop') {
    const { hop } = pattern;
    const triple = linkBetween(reader, hop, bindings.get(hop.from) ?? '', bindings.get(hop.to) ?? '');
    return triple && { kind: 'row', triples: [triple] };
  }
  const rows = pattern.prove(bindings.get(pattern.at) ?? '');
  if (rows.length === 0) return undefined;
  return { kind: 'any', of: rows.map((triples): Proof => ({ kind: 'row', triples })) };
}

/** Caches proofs that depend only on one entity. */
function remember(prove: Prover<string>): Prover<string> {
  const known = new Map<string, Proof | undefined>();
  return (e) => {
    const before = known.get(e);
    if (before || known.has(e)) return before;
    const proof = prove(e);
    known.set(e, proof);
    return proof;
  };
}

/** Proves a group by trying every entity for one of its unbound names. */
function proveGroup(
  reader: Reader,
  patterns: readonly Pattern[],
  bound: ReadonlySet<string>,
): Prover<Bindings> {
  const first = patterns.find((pattern) => pattern.kind === 'hop' && bound.has(pattern.hop.from));
  if (first?.kind !== 'hop') throw new Error('A group of a join must hang on a bound name');
  const { hop } = first;
  const rest = patterns.filter((pattern) => pattern !== first);
  const proveRest = proveAll(reader, rest, new Set([...bound, hop.to]));
  const needsOthers = rest.some((pattern) =>
    pattern.names.some((name) => name !== hop.to && bound.has(name)),
  );
  const proveAlone = remember((to) => proveRest(new Map([[hop.to, to]])));
  const proveNext = (bindings: Bindings, to: string): Proof | undefined =>
    needsOthers ? proveRest(new Map(bindings).set(hop.to, to)) : proveAlone(to);
  return (bindings) => {
    const ways: Proof[] = [];
    for (const triple of stepTriples(reader, hop, bindings.get(hop.from) ?? '')) {
      const to = farEnd(hop, triple);
      if (typeof to !== 'string') continue;
      const next = proveNext(bindings, to);
      if (next) ways.push({ kind: 'all', of: [{ kind: 'row', triples: [triple] }, next] });
    }
    return ways.length > 0 ? { kind: 'any', of: ways } : undefined;
  };
}

function proveAll(
  reader: Reader,
  patterns: readonly Pattern[],
  bound: ReadonlySet<string>,
): Prover<Bindings> {
  const isReady = (pattern: Pattern): boolean => pattern.names.every((name) => bound.has(name));
  const ready = patterns.filter(isReady);
  const groups = independentGroups(
    patterns.filter((pattern) => !isReady(pattern)),
    bound,
  ).map((group) => proveGroup(reader, group, bound));
  return (bindings) => {
    const parts: Proof[] = [];
    for (const pattern of ready) {
      const proof = proveBound(reader, pattern, bindings);
      if (!proof) return undefined;
      parts.push(proof);
    }
    for (const prove of groups) {
      const proof = prove(bindings);
      if (!proof) return undefined;
      parts.push(proof);
    }
    return { kind: 'all', of: parts };
  };
}

/**
 * Prepares a join of paths. The dependencies between names are worked out once; each entity is then proved by following
 * its links, and an intermediate entity reached again is not proved again. The cost is proportional to the number of
 * links, not of their combinations.
 */
export function joinProver(reader: Reader, matches: readonly PathMatch[]): Prover<string> {
  const prove = proveAll(reader, patternsOf(reader, matches), new Set([ROOT]));
  return (e) => prove(new Map([[ROOT, e]]));
}
