import { type Attr, type CheckedDataType, etypeOf, labelOf } from '../../protocol/attr.ts';
import { canonicalJson, type JsonValue, jsonTypeOf } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { parseInstantDate } from '../store/instant-date.ts';
import { type QueryIssue, type QueryPath, queryError } from './grammar.ts';
import { likeMatcher, likePrefix } from './like-matcher.ts';
import type { ComparatorName, Scalar, ValueCheck } from './query-form.ts';
import type { LinkStep, Test, ValueRange } from './query-plan.ts';

/** The context of a check: the query for the error's hint, and the path of the form. */
export interface CheckPlace {
  query: unknown;
  path: QueryPath;
  label: string;
}

/** The attribute that a check concerns, and the end it is seen from. */
export interface CheckedAttr {
  attr: Attr;
  forward: boolean;
}

type ComparableCheck = Exclude<ValueCheck, { op: 'isNull' }>;

/** Dates on whose meaning server and client could not agree. */
const MOVING_DATES: ReadonlySet<unknown> = new Set(['now', 'today', 'tomorrow', 'yesterday']);

function friendlyName(attr: Attr): string {
  return `${etypeOf(attr)}.${labelOf(attr)}`;
}

function fail(place: CheckPlace, issue: Omit<QueryIssue, 'in'>, ...at: (string | JsonValue)[]): never {
  const path = [...place.path, '$', 'where', ...at] as (string | number)[];
  throw queryError(place.query, { ...issue, in: path });
}

function assertType(
  place: CheckPlace,
  attr: Attr,
  type: CheckedDataType,
  value: Scalar | null,
  op?: string,
): void {
  if (value === null) return;
  const at = op === undefined ? [place.label] : [place.label, op];
  const name = friendlyName(attr);
  const kind = jsonTypeOf(value);
  if (type !== 'date' || typeof value === 'boolean') {
    if (typeof value === type) return;
    const message = `The data type of \`${name}\` is \`${type}\`, but the query got the value \`${JSON.stringify(value)}\` of type \`${kind}\`.`;
    fail(place, { 'expected?': `${type}?`, message }, ...at);
  }
  if (!MOVING_DATES.has(value) && parseInstantDate(value) !== undefined) return;
  const message = `The data type of \`${name}\` is \`date\`, but the query got value \`${JSON.stringify(value)}\` of type \`${kind}\`.`;
  fail(place, { 'expected?': typeof value === 'number' ? 'timestamp?' : 'date-string?', message }, ...at);
}

/** The type that comparators use; throws if the attribute does not support comparators. */
function comparableType(place: CheckPlace, attr: Attr): CheckedDataType {
  const refuse = (expected: string, problem: string): never =>
    fail(
      place,
      { 'expected?': expected, message: `The \`${friendlyName(attr)}\` attribute ${problem}` },
      place.label,
    );
  if (!attr['index?']) return refuse('indexed?', 'must be indexed to use comparison operators.');
  const type = attr['checked-data-type'];
  return type ?? refuse('checked-data-type?', 'must have an enforced type to use comparison operators.');
}

function compareBy(comparator: ComparatorName, value: Scalar): (candidate: Scalar) => boolean {
  switch (comparator) {
    case '$gt':
      return (candidate) => candidate > value;
    case '$gte':
      return (candidate) => candidate >= value;
    case '$lt':
      return (candidate) => candidate < value;
    case '$lte':
      return (candidate) => candidate <= value;
    case '$like':
    case '$ilike': {
      const matches = likeMatcher(String(value), comparator === '$like');
      return (candidate) => typeof candidate === 'string' && matches(candidate);
    }
  }
}

/** The range that contains everything that passes; undefined if there is no such range. */
function comparedRange(
  type: CheckedDataType,
  comparator: ComparatorName,
  key: Scalar,
): ValueRange | undefined {
  switch (comparator) {
    case '$gt':
    case '$gte':
      return { type, from: key, to: undefined };
    case '$lt':
    case '$lte':
      return { type, from: undefined, to: key };
    case '$like': {
      const prefix = likePrefix(String(key));
      return prefix === '' ? undefined : { type, from: prefix, to: afterPrefix(prefix) };
    }
    case '$ilike':
      return undefined;
  }
}

const LAST_UNIT = 0xffff;

/** The first string after all those that start with `prefix`; undefined when there is none. */
function afterPrefix(prefix: string): string | undefined {
  const last = prefix.charCodeAt(prefix.length - 1);
  const before = prefix.slice(0, -1);
  if (last < LAST_UNIT) return before + String.fromCharCode(last + 1);
  return before === '' ? undefined : afterPrefix(before);
}

/**
 * Strings compare by code unit here, unlike in an order: core's client filters results once more with `<` and `>`, so a
 * subscription shows this whatever the server sends, and the admin API has to match.
 */
function comparison(place: CheckPlace, attr: Attr, comparator: ComparatorName, value: Scalar): Test {
  const type = comparableType(place, attr);
  if ((comparator === '$like' || comparator === '$ilike') && typeof value !== 'string') {
    const message = `The $like value for \`${friendlyName(attr)}\` must be a string, but the query got the value \`${JSON.stringify(value)}\` of type \`${jsonTypeOf(value)}\`.`;
    fail(place, { 'expected?': 'string?', message }, place.label, comparator);
  }
  assertType(place, attr, type, value, comparator);
  const step = { attr: attr.id, forward: true };
  if (type !== 'date') {
    const passes = compareBy(comparator, value);
    const accepts = (v: JsonValue): boolean => typeof v === type && passes(v as Scalar);
    return { kind: 'filter', step, accepts, range: comparedRange(type, comparator, value) };
  }
  const instant = parseInstantDate(value) ?? Number.NaN;
  const passes = compareBy(comparator, instant);
  const accepts = (v: JsonValue): boolean => {
    const candidate = parseInstantDate(v);
    return candidate !== undefined && passes(candidate);
  };
  return { kind: 'filter', step, accepts, range: comparedRange(type, comparator, instant) };
}

/** Compares by instant: values may be written differently and mean the same date. */
function dateTest(step: LinkStep, check: ComparableCheck): Test {
  const given: readonly (Scalar | null)[] = check.op === 'in' ? check.values : [check.value];
  const instants = new Set(given.map((value) => (value === null ? null : parseInstantDate(value))));
  const instantOf = (v: JsonValue): number | null | undefined => (v === null ? null : parseInstantDate(v));
  const among = (v: JsonValue): boolean => instants.has(instantOf(v));
  if (check.op === 'not') return { kind: 'filter', step, accepts: (v) => !among(v) };
  const [key] = instants;
  const range: ValueRange | undefined =
    instants.size === 1 && typeof key === 'number' ? { type: 'date', from: key, to: key } : undefined;
  return { kind: 'filter', step, accepts: among, range };
}

function blobTest(place: CheckPlace, attr: Attr, check: ComparableCheck): Test {
  if (check.op === 'compare') return comparison(place, attr, check.comparator, check.value);
  const step = { attr: attr.id, forward: true };
  const given = check.op === 'in' ? check.values : [check.value];
  const type = attr['checked-data-type'];
  if (type) for (const value of given) assertType(place, attr, type, value);
  const indexed = Boolean(attr['index?']);
  if (given.includes(null) && !indexed) {
    const message = `Only indexed attrs can check for \`nil\` in \`$in\`. ${friendlyName(attr)} is not indexed.`;
    fail(place, { 'expected?': 'indexed?', message }, '$in', [...given]);
  }
  if (type === 'date' && indexed) return dateTest(step, check);
  if (check.op !== 'not') {
    return { kind: 'value', step, indexed: indexed || Boolean(attr['unique?']), values: distinct(given) };
  }
  const refused = canonicalJson(check.value);
  return { kind: 'filter', step, accepts: (v) => canonicalJson(v) !== refused };
}

function distinct(values: readonly (Scalar | null)[]): (Scalar | null)[] {
  return [...new Set(values)];
}

/** The check as written, for error messages that quote it. */
function written(check: ComparableCheck): JsonValue {
  if (check.op === 'equals') return check.value;
  if (check.op === 'in') return check.values;
  return { [check.op === 'not' ? '$not' : check.comparator]: check.value };
}

function linkTest(place: CheckPlace, { attr, forward }: CheckedAttr, check: ComparableCheck): Test {
  const step = { attr: attr.id, forward };
  if (check.op === 'in') {
    const wrong = check.values.find((value) => !isUuid(value));
    if (wrong !== undefined) {
      // The server quotes a set here, in hash order; putting the wrong value first is close enough.
      const quoted = JSON.stringify([wrong, ...check.values.filter((value) => value !== wrong)]);
      const message = `Expected ${place.label} to match on a uuid, found ${JSON.stringify(wrong)} in ${quoted}`;
      fail(place, { expected: 'uuid?', message }, place.label);
    }
    const values = check.values.flatMap((value) => (isUuid(value) ? [value.toLowerCase()] : []));
    return { kind: 'value', step, indexed: true, values: [...new Set(values)] };
  }
  if (check.op === 'compare' || !isUuid(check.value)) {
    const message = `Expected ${place.label} to be a uuid, got ${JSON.stringify(written(check))}`;
    return fail(place, { expected: 'uuid?', message }, place.label);
  }
  const id = check.value.toLowerCase();
  if (check.op === 'equals') return { kind: 'value', step, indexed: true, values: [id] };
  return { kind: 'filter', step, accepts: (v) => v !== id };
}

/** The test for a check on this attribute; throws if the attribute does not support it. */
export function planCheck(place: CheckPlace, checked: CheckedAttr, check: ComparableCheck): Test {
  const { attr } = checked;
  if (attr['value-type'] === 'ref') return linkTest(place, checked, check);
  const test = blobTest(place, attr, check);
  if (test.kind !== 'filter' || attr.cardinality === 'one') return test;
  // An order holds only one of several values, so a range would miss matches.
  const { range: _, ...filter } = test;
  return filter;
}
