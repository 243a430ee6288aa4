import type { Attr } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { QueryPath } from './grammar.ts';
import { type CheckedAttr, type CheckPlace, planCheck } from './plan-check.ts';
import type { Condition, ValueCheck } from './query-form.ts';
import { type Hop, type PathMatch, ROOT, type Test, type WherePlan } from './query-plan.ts';

/**
 * Thrown when a query names something that the app lacks: the form that contains it is empty, which is not an error.
 */
export class UnknownLabelError extends Error {}

/** The context in which conditions are planned. */
export interface WhereScope {
  catalog: AttrCatalog;
  query: unknown;
  etype: string;
  path: QueryPath;
}

type ValueTest = Extract<Test, { kind: 'value' }>;

const ID_PREFIX = '$entityIdStartsWith';

/** The attribute of `etype` with `label`; its own take precedence over reverse links. */
function resolveLabel(catalog: AttrCatalog, etype: string, label: string): CheckedAttr | undefined {
  const own = catalog.byForward(etype, label);
  if (own) return { attr: own, forward: true };
  const reverse = catalog.byReverse(etype, label);
  return reverse && { attr: reverse, forward: false };
}

/** The link of `etype` with `label`; throws if the label is a blob. */
export function resolveLink(catalog: AttrCatalog, etype: string, label: string): CheckedAttr | undefined {
  const found = resolveLabel(catalog, etype, label);
  if (found && found.attr['value-type'] !== 'ref') {
    throw validationFailed('attr', found.attr, [{ message: `${etype}.${label} needs to be a link` }]);
  }
  return found;
}

/** The namespace at the other end of a link. */
export function farEtype({ attr, forward }: CheckedAttr): string {
  return (forward ? attr['reverse-identity'] : attr['forward-identity'])?.[1] ?? '';
}

function known<T>(found: T | undefined): T {
  if (found === undefined) throw new UnknownLabelError();
  return found;
}

interface PathEnd {
  hops: Hop[];
  /** The namespace at the end of the path. */
  etype: string;
}

/**
 * The client's engine and the server's both name an intermediate entity by its namespace and depth; paths with a name
 * in common share the entity.
 */
function walk(scope: WhereScope, labels: readonly string[]): PathEnd {
  const end: PathEnd = { hops: [], etype: scope.etype };
  let from = ROOT;
  for (const label of labels) {
    const link = known(resolveLink(scope.catalog, end.etype, label));
    end.etype = farEtype(link);
    const to = `${end.hops.length + 1}:${end.etype}`;
    end.hops.push({ attr: link.attr.id, forward: link.forward, from, to });
    from = to;
  }
  return end;
}

function idAttrOf(scope: WhereScope, etype: string): Attr {
  return known(scope.catalog.byForward(etype, 'id'));
}

function planTest(scope: WhereScope, etype: string, label: string, check: ValueCheck): Test {
  if (label === ID_PREFIX && check.op === 'equals' && typeof check.value === 'string') {
    return { kind: 'idPrefix', idAttr: idAttrOf(scope, etype).id, prefix: check.value.toLowerCase() };
  }
  const end = known(resolveLabel(scope.catalog, etype, label));
  const place: CheckPlace = { query: scope.query, path: scope.path, label };
  if (check.op !== 'isNull') return planCheck(place, end, check);
  const step = { attr: end.attr.id, forward: end.forward };
  const idAttr = idAttrOf(scope, etype).id;
  return check.isNull ? { kind: 'empty', step, idAttr, missing: false } : { kind: 'present', step, idAttr };
}

function planPath(scope: WhereScope, path: readonly string[], check: ValueCheck): PathMatch {
  const { hops, etype } = walk(scope, path.slice(0, -1));
  return { hops, test: planTest(scope, etype, path.at(-1) ?? '', check) };
}

/** A single path that shares no entity with others. */
function alone(match: PathMatch): WherePlan {
  return { kind: 'join', matches: [match] };
}

/** Nothing at the end of the path, or of any prefix of it. */
function planEmpty(scope: WhereScope, path: readonly string[]): WherePlan[] {
  return path.map((_, index) =>
    alone(planPath(scope, path.slice(0, index + 1), { op: 'isNull', isNull: true })),
  );
}

/**
 * A different value, or nothing anywhere along the path. An indexed attribute without a value has a null triple, and
 * null counts as a different value, so the last step is only empty if even that triple is missing.
 */
function planNot(scope: WhereScope, path: readonly string[], check: ValueCheck): WherePlan {
  const differs = planPath(scope, path, check);
  const empty = planEmpty(scope, path);
  const { test } = differs;
  if (test.kind === 'filter' && scope.catalog.byId(test.step.attr)?.['index?'] && test.step.forward) {
    const last = empty.pop();
    const match = last?.kind === 'join' ? last.matches[0] : undefined;
    if (match?.test.kind === 'empty') empty.push(alone({ ...match, test: { ...match.test, missing: true } }));
  }
  return { kind: 'any', of: [alone(differs), ...empty] };
}

/** Removes the wrapping of a plan that is the only element of another. */
function unwrapped(plan: WherePlan): WherePlan {
  const [only] = plan.kind === 'join' ? [] : plan.of;
  return plan.kind !== 'join' && only && plan.of.length === 1 ? unwrapped(only) : plan;
}

/** For a plan that tests one path for a list of values: the match, and a key that is equal for equal paths. */
function valuesMatch(plan: WherePlan): { match: PathMatch; test: ValueTest; key: string } | undefined {
  const [match] = plan.kind === 'join' ? plan.matches : [];
  if (plan.kind !== 'join' || plan.matches.length !== 1 || match?.test.kind !== 'value') return undefined;
  const { test, hops } = match;
  return { match, test, key: JSON.stringify([hops, test.step, test.indexed]) };
}

/** A disjunction; alternatives for the values of one path are merged into one test, however many there are. */
function planAny(plans: readonly WherePlan[]): WherePlan {
  const values = new Map<string, { match: PathMatch; test: ValueTest; all: JsonValue[] }>();
  const others: WherePlan[] = [];
  for (const plan of plans.map(unwrapped)) {
    const found = valuesMatch(plan);
    const known = found && values.get(found.key);
    if (known) for (const value of found.test.values) known.all.push(value);
    else if (found) values.set(found.key, { ...found, all: [...found.test.values] });
    else others.push(plan);
  }
  const merged = [...values.values()].map(({ match, test, all }) =>
    alone({ ...match, test: { ...test, values: all } }),
  );
  return { kind: 'any', of: [...merged, ...others] };
}

type Planned = { kind: 'plain'; match: PathMatch } | { kind: 'apart'; plan: WherePlan };

function planCondition(scope: WhereScope, condition: Condition): Planned {
  if (condition.kind !== 'value') {
    const of = condition.of.map((element) => planApart(scope, element));
    return { kind: 'apart', plan: condition.kind === 'and' ? { kind: 'all', of } : planAny(of) };
  }
  const { path, check } = condition;
  if (check.op === 'not') return { kind: 'apart', plan: planNot(scope, path, check) };
  if (check.op === 'isNull' && check.isNull) {
    return { kind: 'apart', plan: { kind: 'any', of: planEmpty(scope, path) } };
  }
  return { kind: 'plain', match: planPath(scope, path, check) };
}

function planApart(scope: WhereScope, condition: Condition): WherePlan {
  const planned = planCondition(scope, condition);
  return planned.kind === 'plain' ? alone(planned.match) : planned.plan;
}

/**
 * Plans a where clause. Plain keys at the top level share intermediate entities. Elements of `and` and `or`, and
 * negations, are independent of each other: core's client shares only within one element, and a server must not be
 * stricter than the client, which filters once more.
 */
export function planWhere(scope: WhereScope, conditions: readonly Condition[]): WherePlan {
  const planned = conditions.map((condition) => planCondition(scope, condition));
  const matches = planned.flatMap((part) => (part.kind === 'plain' ? [part.match] : []));
  const apart = planned.flatMap((part) => (part.kind === 'apart' ? [part.plan] : []));
  if (matches.length === 0) return { kind: 'all', of: apart };
  const join: WherePlan = { kind: 'join', matches };
  return apart.length === 0 ? join : { kind: 'all', of: [join, ...apart] };
}
