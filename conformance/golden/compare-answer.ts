import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../src/protocol/json.ts';

/** Values at a path of an object tree, and what they must be. */
export interface ValuesExpectation {
  path: string;
  equals?: unknown;
  /** Items that must be among those of the list. */
  contains?: unknown[];
  /** What the object must have, whatever else it has. */
  partial?: Record<string, unknown>;
  /** The kind of the value, as in `{"$type": …}`. */
  type?: string;
  ordered?: boolean;
  multiset?: boolean;
  /** Nested lists count as one list. */
  flatten?: boolean;
  /** Absent values are left out of a list. */
  dropNull?: boolean;
}

/** What a golden query case expects of the answer; see the README beside this file. */
export interface QueryExpectation {
  triples?: unknown[];
  values?: ValuesExpectation[];
  entities?: Record<string, unknown[]>;
  ordered?: boolean;
  counts?: { path: string; equals: number }[];
  keys?: { path: string; equals: string[] }[];
  pageInfo?: Record<string, Record<string, unknown>>;
  /** The results as a set, or by top-level key. */
  aggregate?: unknown[] | Record<string, unknown>;
}

/** An answer in the notation of the cases: names for ids, no times. */
export interface NamedAnswer {
  triples: unknown[];
  tree: unknown;
  pageInfo: Record<string, Record<string, unknown>>;
  aggregate?: Record<string, unknown>;
}

/** Takes what is at a path such as `users[*].bookshelves[0].name`: `[*]` maps over a list, `[n]` picks from it. */
export function atPath(tree: unknown, path: string): unknown {
  const steps = path.match(/\[\*\]|\[\d+\]|[^.[\]]+/g) ?? [];
  const walk = (value: unknown, index: number): unknown => {
    const step = steps[index];
    if (step === undefined) return value;
    if (step === '[*]') return Array.isArray(value) ? value.map((item) => walk(item, index + 1)) : [];
    const picked = /^\[\d+\]$/.test(step)
      ? (value as unknown[] | undefined)?.[Number(step.slice(1, -1))]
      : isObject(value) && Object.hasOwn(value, step)
        ? value[step]
        : undefined;
    return walk(picked, index + 1);
  };
  return walk(tree, 0);
}

const KINDS: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  uuid: (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  'non-negative-integer': (value) => Number.isInteger(value) && Number(value) >= 0,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: isObject,
};

/** Whether `actual` is what a case expects; absent and null are equal, and `{"$type": …}` stands for any of its kind. */
export function matches(actual: unknown, expected: unknown): boolean {
  if (isObject(expected) && typeof expected.$type === 'string') {
    const isKind = KINDS[expected.$type];
    if (!isKind) throw new Error(`Unknown $type in a golden case: ${expected.$type}`);
    return isKind(actual);
  }
  if (expected === null || expected === undefined) return actual === null || actual === undefined;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => matches(actual[index], item))
    );
  }
  if (!isObject(expected)) return isDeepStrictEqual(actual, expected);
  if (!isObject(actual)) return false;
  const labels = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...labels].every((label) => matches(actual[label], expected[label]));
}

/** Whether two lists hold the same, each as often, in any order. */
function sameBag(actual: readonly unknown[], expected: readonly unknown[]): boolean {
  const left = [...actual];
  const found = expected.every((item) => {
    const index = left.findIndex((candidate) => matches(candidate, item));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
  return found && left.length === 0;
}

/** Whether two lists hold the same, however often, in any order. */
function sameSet(actual: readonly unknown[], expected: readonly unknown[]): boolean {
  return (
    expected.every((item) => actual.some((candidate) => matches(candidate, item))) &&
    actual.every((candidate) => expected.some((item) => matches(candidate, item)))
  );
}

function sameValues(found: unknown, expected: ValuesExpectation): boolean {
  const { equals, contains, partial, type, ordered, multiset } = expected;
  const actual = prepared(found, expected);
  if (contains) {
    return Array.isArray(actual) && contains.every((item) => actual.some((one) => matches(one, item)));
  }
  if (partial) return Object.entries(partial).every(([key, value]) => matches(at(actual, key), value));
  if (type !== undefined) return matches(actual, { $type: type });
  if (ordered !== false || !Array.isArray(equals)) return matches(actual, equals);
  if (!Array.isArray(actual)) return false;
  return multiset ? sameBag(actual, equals) : sameSet(actual, equals);
}

function prepared(value: unknown, { flatten, dropNull }: ValuesExpectation): unknown {
  if (!Array.isArray(value)) return value;
  const list: unknown[] = flatten ? value.flat(Number.POSITIVE_INFINITY) : value;
  return dropNull ? list.filter((item) => item !== null && item !== undefined) : list;
}

function at(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Whether two entities are equal; the lists in them count as sets. */
function sameEntity(actual: unknown, expected: unknown): boolean {
  if (!isObject(expected) || !isObject(actual)) return matches(actual, expected);
  const labels = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...labels].every((label) => {
    const [left, right] = [actual[label], expected[label]];
    const areEntities = Array.isArray(left) && Array.isArray(right) && right.some(isObject);
    return areEntities ? sameEntities(left, right, false) : matches(left, right);
  });
}

function sameEntities(actual: unknown, expected: readonly unknown[], ordered: boolean): boolean {
  if (!Array.isArray(actual) || actual.length !== expected.length) return false;
  if (ordered) return expected.every((entity, index) => sameEntity(actual[index], entity));
  const left = [...actual];
  return expected.every((entity) => {
    const index = left.findIndex((candidate) => sameEntity(candidate, entity));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
}

function withoutTime(cursor: unknown): unknown {
  return Array.isArray(cursor) ? cursor.slice(0, 3) : cursor;
}

function samePageInfo(actual: NamedAnswer['pageInfo'], expected: NamedAnswer['pageInfo']): boolean {
  return Object.entries(expected).every(([etype, info]) => {
    const page = actual[etype];
    return page && Object.entries(info).every(([name, value]) => matches(withoutTime(page[name]), value));
  });
}

function sameAggregate(
  actual: Record<string, unknown>,
  expected: NonNullable<QueryExpectation['aggregate']>,
): boolean {
  return Array.isArray(expected) ? sameSet(Object.values(actual), expected) : matches(actual, expected);
}

/** Whether two object trees hold the same under every key, in any order. */
export function sameForms(actual: unknown, expected: unknown): boolean {
  if (!isObject(actual) || !isObject(expected)) return matches(actual, expected);
  const labels = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...labels].every((label) => {
    const list = expected[label];
    return Array.isArray(list) ? sameEntities(actual[label], list, false) : matches(actual[label], list);
  });
}

/** What of an expectation an answer does not fulfil, in words; empty when it fulfils all of it. */
export function differences(answer: NamedAnswer, expected: QueryExpectation): string[] {
  const found: string[] = [];
  const note = (holds: boolean, what: string, actual: unknown, wanted: unknown): void => {
    if (!holds) found.push(`${what}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(wanted)}`);
  };
  const {
    triples,
    values = [],
    entities = {},
    ordered = true,
    counts = [],
    keys = [],
    pageInfo = {},
    aggregate,
  } = expected;
  if (triples) note(sameSet(answer.triples, triples), 'triples', answer.triples, triples);
  for (const value of values) {
    const actual = atPath(answer.tree, value.path);
    const wanted = value.equals ?? value.contains ?? value.partial ?? value.type;
    note(sameValues(actual, value), value.path, actual, wanted);
  }
  for (const [etype, list] of Object.entries(entities)) {
    const actual = atPath(answer.tree, etype);
    note(sameEntities(actual, list, ordered), etype, actual, list);
  }
  for (const { path, equals } of counts) {
    const actual = (atPath(answer.tree, path) as unknown[] | undefined)?.length;
    note(actual === equals, `length of ${path}`, actual, equals);
  }
  for (const { path, equals } of keys) {
    const actual = Object.keys((atPath(answer.tree, path) as object | undefined) ?? {});
    note(sameSet(actual, equals) && sameSet(equals, actual), `keys of ${path}`, actual, equals);
  }
  if (aggregate) {
    const results = answer.aggregate ?? {};
    note(sameAggregate(results, aggregate), 'aggregate', results, aggregate);
  }
  note(samePageInfo(answer.pageInfo, pageInfo), 'pageInfo', answer.pageInfo, pageInfo);
  return found;
}
