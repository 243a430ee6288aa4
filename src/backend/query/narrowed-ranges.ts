import { compareByUnit, type SortKey } from '../store/value-order.ts';
import type { PathMatch, Test, ValueRange, WherePlan } from './query-plan.ts';

type Filter = Extract<Test, { kind: 'filter' }>;
type Ranged = Filter & { readonly range: ValueRange };

/**
 * For each attribute that several parts of a conjunction restrict to a range, the intersection of the ranges. Lower and
 * upper bounds are separate elements of an `and`, and each alone may match very many values.
 */
export function narrowedRanges(plan: WherePlan): PathMatch[] {
  const common = new Map<string, Ranged>();
  const narrowed = new Set<string>();
  for (const test of rangedTests(plan)) {
    const { attr } = test.step;
    const before = common.get(attr);
    if (before) narrowed.add(attr);
    common.set(attr, before ? { ...test, range: intersection(before.range, test.range) } : test);
  }
  return [...common.values()].flatMap((test) => (narrowed.has(test.step.attr) ? [{ hops: [], test }] : []));
}

/** Only tests of the entity's own values: through a link, each part may match a different target. */
function* rangedTests(plan: WherePlan): Iterable<Ranged> {
  if (plan.kind === 'all') {
    for (const part of plan.of) yield* rangedTests(part);
  } else if (plan.kind === 'join') {
    for (const { hops, test } of plan.matches) if (hops.length === 0 && isRanged(test)) yield test;
  }
}

function isRanged(test: Test): test is Ranged {
  return test.kind === 'filter' && test.range !== undefined;
}

function intersection(a: ValueRange, b: ValueRange): ValueRange {
  return {
    type: a.type,
    from: narrower(a.from, b.from, (x, y) => compareKeys(x, y) > 0),
    to: narrower(a.to, b.to, (x, y) => compareKeys(x, y) < 0),
  };
}

function narrower(
  a: SortKey | undefined,
  b: SortKey | undefined,
  isNarrower: (a: SortKey, b: SortKey) => boolean,
): SortKey | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return isNarrower(a, b) ? a : b;
}

function compareKeys(a: SortKey, b: SortKey): number {
  return compareByUnit({ key: a, e: '' }, { key: b, e: '' });
}
