import type { Reader } from '../store/reader.ts';
import { narrowedRanges } from './narrowed-ranges.ts';
import { farEnd, stepTriples } from './prove-test.ts';
import type { LinkStep, PathMatch, WherePlan } from './query-plan.ts';

/** A set of entities that includes every match, with the approximate number of triples it takes to find them. */
interface Source {
  cost: number;
  entities: () => Iterable<string>;
  /** Equal for sources of the same entities. */
  key?: string;
}

/** All entities with a triple of the attribute, seen from this end. */
function scan(reader: Reader, step: LinkStep): Source {
  const back = { ...step, forward: !step.forward };
  const entities = function* (): Iterable<string> {
    for (const triple of reader.attr(step.attr)) {
      const e = farEnd(back, triple);
      if (typeof e === 'string') yield e;
    }
  };
  return { cost: reader.attrSize(step.attr), entities, key: `${step.attr} ${step.forward}` };
}

/** The entities of all sources; identical sources are read once. */
function union(sources: readonly Source[]): Source {
  const different = [...new Map(sources.map((source) => [source.key ?? source, source])).values()];
  const cost = different.reduce((sum, source) => sum + source.cost, 0);
  const entities = function* (): Iterable<string> {
    for (const source of different) yield* source.entities();
  };
  return { cost, entities };
}

/** The entities at the start of a path, given those at its end. */
function walkBack(reader: Reader, path: PathMatch['hops'], ends: Iterable<string>): Iterable<string> {
  let here = new Set(ends);
  for (const hop of path.toReversed()) {
    const back = { attr: hop.attr, forward: !hop.forward };
    const before = new Set<string>();
    for (const e of here) {
      for (const triple of stepTriples(reader, back, e)) {
        const from = farEnd(back, triple);
        if (typeof from === 'string') before.add(from);
      }
    }
    here = before;
  }
  return here;
}

/** The entities with one of the values, by index. */
function byValue(reader: Reader, { hops, test }: PathMatch): Source | undefined {
  if (test.kind !== 'value' || !test.indexed) return undefined;
  const { step } = test;
  const found = test.values.flatMap((value) =>
    step.forward ? reader.attrValue(step.attr, value) : reader.entityAttr(String(value), step.attr),
  );
  const ends = found.flatMap((triple) => {
    const e = step.forward ? triple[0] : triple[2];
    return typeof e === 'string' ? [e] : [];
  });
  return { cost: found.length, entities: () => walkBack(reader, hops, ends) };
}

/** Sorts after every entity id. */
const LAST_ID = '\uffff';

/** The entities whose value lies in a range, by order. Null lies in no range. */
function byRange(reader: Reader, { hops, test }: PathMatch): Source | undefined {
  if (test.kind !== 'filter' || !test.range) return undefined;
  const { type, from, to } = test.range;
  const order = reader.order({ kind: 'value', attr: test.step.attr, type });
  const start = from === undefined ? order.rank({ key: null, e: LAST_ID }) : order.rank({ key: from, e: '' });
  const end = Math.max(start, to === undefined ? order.size : order.rank({ key: to, e: LAST_ID }));
  const ends = function* (): Iterable<string> {
    for (const { e } of order.slice(start, end)) yield e;
  };
  return { cost: end - start, entities: () => walkBack(reader, hops, ends()) };
}

function forMatch(reader: Reader, match: PathMatch): Source {
  const indexed = byValue(reader, match) ?? byRange(reader, match);
  const [first] = match.hops;
  const scanned = first && scan(reader, first);
  if (indexed) return scanned && scanned.cost < indexed.cost ? scanned : indexed;
  if (scanned) return scanned;
  const { test } = match;
  const byId = test.kind === 'empty' || test.kind === 'idPrefix';
  return scan(reader, byId ? { attr: test.idAttr, forward: true } : test.step);
}

function cheapest(sources: Source[]): Source | undefined {
  return sources.reduce<Source | undefined>(
    (best, source) => (best && best.cost <= source.cost ? best : source),
    undefined,
  );
}

function sourceOf(reader: Reader, plan: WherePlan): Source {
  if (plan.kind === 'join') {
    return cheapest(plan.matches.map((match) => forMatch(reader, match))) ?? { cost: 0, entities: () => [] };
  }
  const sources = plan.of.map((part) => sourceOf(reader, part));
  if (plan.kind === 'all') {
    const narrowed = narrowedRanges(plan).map((match) => forMatch(reader, match));
    return cheapest([...sources, ...narrowed]) ?? { cost: 0, entities: () => [] };
  }
  return union(sources);
}

/** The entities that could match: no match is missing, and each occurs once. */
export function candidateEntities(reader: Reader, plan: WherePlan): Set<string> {
  return new Set(sourceOf(reader, plan).entities());
}
