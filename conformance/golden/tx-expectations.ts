import { canonicalJson, isObject } from '../../src/protocol/json.ts';
import { differences, matches, type QueryExpectation, type ValuesExpectation } from './compare-answer.ts';
import type { GoldenCase, NamedTriple } from './fixture.ts';

/** Which of the stored triples a check is about: all of the user's own, or those that fit every given part. */
export interface TripleFilter {
  attr?: string;
  entity?: string;
  entities?: string[];
  etype?: string;
}

/** What must hold for the stored triples that a filter selects. */
export interface TriplesExpectation {
  /** None is a filter that selects all of the user's own. */
  where?: TripleFilter;
  equals?: NamedTriple[];
  values?: unknown[];
  distinct?: boolean;
  count?: number;
  entityIds?: string[];
  /** Values that must be among those of the triples. */
  containsValues?: unknown[];
  /** An entity that must have one of the triples. */
  someEntity?: string;
  /** The name that later checks use for the one entity found here. */
  bindEntity?: string;
}

/** What must hold for the attributes afterwards. */
export interface AttrsExpectation {
  byId?: Record<string, Record<string, unknown>>;
  forwardLabels?: string[];
  reverseLabels?: string[];
  /** Attributes that must be there: ids, or `etype/label`. */
  present?: string[];
  /** Attributes that must not be there. */
  absent?: string[];
}

/** What a query must answer after a transaction. */
export interface TxQueryExpectation {
  query: unknown;
  auth?: GoldenCase['auth'];
  /** The permission rules from here on, where they change. */
  rules?: unknown;
  values?: ValuesExpectation[];
  entities?: QueryExpectation['entities'];
  ordered?: boolean;
  counts?: QueryExpectation['counts'];
}

/** What an error must be; every part is optional, and no part means any error. */
export interface ErrorExpectation {
  type?: string;
  message?: string;
  messageIncludes?: string;
  messageStartsWith?: string;
  messageMatches?: string;
  ignoreCase?: boolean;
  hint?: unknown;
  /** What the hint must have, whatever else it has. */
  hintIncludes?: Record<string, unknown>;
  firstHintError?: Record<string, unknown>;
}

/** What the outcome of a transaction must be. */
export interface TxExpectation {
  ok?: true;
  error?: ErrorExpectation;
  triples?: TriplesExpectation[];
  queries?: TxQueryExpectation[];
  attrs?: AttrsExpectation;
  entities?: { etype: string; present?: string[]; absent?: string[] }[];
}

/** An attribute as far as the checks look at it. */
export type WireAttr = Record<string, unknown> & {
  id: string;
  catalog: string;
  'forward-identity': string[];
  'reverse-identity'?: string[];
};

/** An error as it goes over the wire. */
export interface WireError {
  type: string;
  message: string;
  hint: unknown;
}

/** What does not hold for the stored triples, in words. System triples are left out of a check without a filter. */
export function tripleDifferences(stored: NamedTriple[], checks: TriplesExpectation[]): string[] {
  const found: string[] = [];
  const bound = new Map<string, string>();
  for (const check of checks) {
    const wanted = bindNames(check, bound);
    const selected = stored.filter((triple) => isSelected(triple, wanted.where ?? {}));
    if (check.bindEntity) bound.set(check.bindEntity, selected[0]?.[0] ?? 'no entity');
    found.push(...checkTriples(selected, wanted));
  }
  return found;
}

function checkTriples(selected: NamedTriple[], check: TriplesExpectation): string[] {
  const where = JSON.stringify(check.where);
  const values = selected.map(([, , v]) => v);
  return [
    ...(check.equals ? unlessSameBag(`triples ${where}`, selected, check.equals) : []),
    ...(check.values
      ? unlessSameBag(`values ${where}`, check.distinct ? distinct(values) : values, check.values)
      : []),
    ...(check.count === undefined ? [] : unlessSameBag(`count ${where}`, [selected.length], [check.count])),
    ...(check.entityIds
      ? unlessSameBag(`entities ${where}`, distinct(selected.map(([e]) => e)), check.entityIds)
      : []),
    ...(check.containsValues ?? [])
      .filter((wanted) => !values.some((value) => isSame(value, wanted)))
      .map((wanted) => `values ${where}: ${JSON.stringify(wanted)} is not among ${JSON.stringify(values)}`),
    ...unless(
      check.someEntity === undefined || selected.some(([e]) => e === check.someEntity),
      `an entity of the triples ${where}`,
      check.someEntity,
    ),
  ];
}

function bindNames(check: TriplesExpectation, bound: ReadonlyMap<string, string>): TriplesExpectation {
  const replaced = JSON.stringify(check, (_, value: unknown) =>
    typeof value === 'string' ? (bound.get(value) ?? value) : value,
  );
  return {
    ...(JSON.parse(replaced) as TriplesExpectation),
    ...(check.bindEntity && { bindEntity: check.bindEntity }),
  };
}

function isSelected([e, attr]: NamedTriple, { entity, entities, etype, ...where }: TripleFilter): boolean {
  const isFiltered = [entity, entities, etype, where.attr].some((part) => part !== undefined);
  return (
    (isFiltered || !attr.startsWith('$')) &&
    (where.attr === undefined || attr === where.attr) &&
    (etype === undefined || attr.startsWith(`${etype}/`)) &&
    (entity === undefined || e === entity) &&
    (entities === undefined || entities.includes(e))
  );
}

/** What does not hold for the entities that must be there, or gone, in words. */
export function entityDifferences(stored: NamedTriple[], expected: TxExpectation['entities'] = []): string[] {
  return expected.flatMap(({ etype, present = [], absent = [] }) => {
    const found = new Set(stored.flatMap(([e, attr]) => (attr === `${etype}/id` ? [e] : [])));
    return [
      ...present.filter((e) => !found.has(e)).map((e) => `${etype} ${e} is missing`),
      ...absent.filter((e) => found.has(e)).map((e) => `${etype} ${e} is still there`),
    ];
  });
}

/** What does not hold for the attributes, in words. */
export function attrDifferences(attrs: WireAttr[], expected: AttrsExpectation): string[] {
  const byId = Object.entries(expected.byId ?? {}).flatMap(([id, parts]) => {
    const attr = attrs.find((candidate) => candidate.id === id);
    return Object.entries(parts).flatMap(([key, value]) =>
      unlessEqual(`${id} ${key}`, asSet(attr?.[key]), asSet(value)),
    );
  });
  const isThere = (name: string): boolean =>
    attrs.some((attr) => attr.id === name || attr['forward-identity'].slice(1).join('/') === name);
  return [
    ...byId,
    ...labelDifferences(attrs, 'forward-identity', expected.forwardLabels),
    ...labelDifferences(attrs, 'reverse-identity', expected.reverseLabels),
    ...(expected.present ?? []).filter((id) => !isThere(id)).map((id) => `attribute ${id} is missing`),
    ...(expected.absent ?? []).filter(isThere).map((id) => `attribute ${id} is still there`),
  ];
}

function labelDifferences(
  attrs: WireAttr[],
  identity: 'forward-identity' | 'reverse-identity',
  expected: string[] | undefined,
): string[] {
  if (!expected) return [];
  const named = attrs.filter((attr) => attr.catalog === 'user' && attr[identity]);
  const labels = named.map((attr) => attr[identity]?.[2]);
  return unlessSameBag(`labels of ${identity}`, distinct(labels), expected);
}

/** Lists of names, such as inferred types, count as sets; identities are lists of another kind, and have three parts. */
function asSet(value: unknown): unknown {
  const isNames =
    Array.isArray(value) && value.every((item) => ['string', 'number', 'boolean', 'json'].includes(item));
  return isNames ? [...value].sort() : value;
}

/** What does not hold for an error, in words. */
export function errorDifferences(error: WireError, expected: ErrorExpectation): string[] {
  const { message } = error;
  const pattern = expected.messageMatches;
  const first = (error.hint as { errors?: unknown[] } | null)?.errors?.[0];
  return [
    ...(expected.type === undefined ? [] : unlessEqual('type', error.type, expected.type)),
    ...(expected.message === undefined ? [] : unlessEqual('message', message, expected.message)),
    ...unless(
      message.includes(expected.messageIncludes ?? ''),
      `message "${message}" includes`,
      expected.messageIncludes,
    ),
    ...unless(
      message.startsWith(expected.messageStartsWith ?? ''),
      `message "${message}" starts`,
      expected.messageStartsWith,
    ),
    ...unless(
      pattern === undefined || new RegExp(pattern, expected.ignoreCase ? 'i' : '').test(message),
      `message "${message}" matches`,
      pattern,
    ),
    ...(expected.hint === undefined ? [] : unlessEqual('hint', error.hint, expected.hint)),
    ...unless(isPartOf(expected.hintIncludes ?? {}, error.hint ?? {}), 'hint has', expected.hintIncludes),
    ...unless(
      isPartOf(expected.firstHintError ?? {}, first ?? {}),
      JSON.stringify(first),
      expected.firstHintError,
    ),
  ];
}

/** What does not hold for the answer to a query, in words. */
export function answerDifferences(
  tree: unknown,
  { values, counts, entities, ordered }: TxQueryExpectation,
): string[] {
  return differences(
    { triples: [], tree, pageInfo: {} },
    {
      ...(values && { values }),
      ...(counts && { counts }),
      ...(entities && { entities }),
      ...(ordered !== undefined && { ordered }),
    },
  );
}

function unlessSameBag(what: string, actual: readonly unknown[], expected: readonly unknown[]): string[] {
  const sorted = (list: readonly unknown[]): string[] => list.map(canonicalJson).sort();
  if (!hasKinds(expected)) return unlessEqual(what, sorted(actual), sorted(expected));
  const left = [...actual];
  const missing = expected.filter((item) => {
    const at = left.findIndex((candidate) => isSame(candidate, item));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return missing.length === 0 && left.length === 0 ? [] : unlessEqual(what, actual, expected);
}

function unlessEqual(what: string, actual: unknown, expected: unknown): string[] {
  return isSame(actual, expected)
    ? []
    : [`${what}: got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`];
}

function unless(holds: boolean, what: string, expected: unknown): string[] {
  return holds ? [] : [`${what}: expected ${JSON.stringify(expected)}`];
}

/** Whether `whole` has what `part` has, at every depth; lists are compared whole, item by item. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) {
    const isList = Array.isArray(whole) && whole.length === part.length;
    return isList && part.every((item, at) => isPartOf(item, whole[at]));
  }
  if (!isObject(part) || '$type' in part) return isSame(whole, part);
  return isObject(whole) && Object.entries(part).every(([key, value]) => isPartOf(value, whole[key]));
}

/** Whether a value is what a case expects; `{"$type": …}` stands for any of its kind. */
function isSame(actual: unknown, expected: unknown): boolean {
  return hasKinds(expected) ? matches(actual, expected) : canonicalJson(actual) === canonicalJson(expected);
}

function hasKinds(expected: unknown): boolean {
  return (JSON.stringify(expected) ?? '').includes('"$type":');
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [canonicalJson(value), value])).values()];
}
