import type { QueryCase } from './cases.ts';
import type { ErrorExpectation, TxExpectation } from './tx-expectations.ts';

// An expectation that a comparison does not know would be passed over in silence, and its case would say nothing.

const KNOWN = {
  case: [
    ...['id', 'source', 'testing', 'notes', 'flags', 'dataset', 'setup', 'names', 'rules', 'auth'],
    ...['via', 'api', 'layer', 'steps', 'expect'],
  ],
  expectation: ['ok', 'allowed', 'error', 'triples', 'queries', 'attrs', 'entities'],
  triples: [
    ...['where', 'equals', 'values', 'distinct', 'count', 'entityIds', 'bindEntity'],
    ...['containsValues', 'someEntity'],
  ],
  where: ['attr', 'entity', 'entities', 'etype'],
  queries: ['query', 'auth', 'rules', 'values', 'entities', 'ordered', 'counts'],
  values: [
    ...['path', 'equals', 'contains', 'partial', 'type'],
    ...['ordered', 'multiset', 'flatten', 'dropNull'],
  ],
  attrs: ['byId', 'forwardLabels', 'reverseLabels', 'present', 'absent'],
  entities: ['etype', 'present', 'absent'],
  error: [
    ...['type', 'message', 'messageIncludes', 'messageStartsWith', 'messageMatches', 'ignoreCase'],
    ...['hint', 'hintIncludes', 'firstHintError'],
  ],
  answer: [
    ...['error', 'triples', 'values', 'entities', 'ordered', 'counts', 'keys'],
    ...['pageInfo', 'aggregate', 'sameAs'],
  ],
  counts: ['path', 'equals'],
  keys: ['path', 'equals'],
  pageInfo: ['has-next-page?', 'has-previous-page?', 'start-cursor', 'end-cursor'],
  sameAs: ['query', 'ordered'],
  queryCase: [
    ...['id', 'source', 'testing', 'tags', 'flags', 'notes', 'dataset', 'names', 'setup', 'rules'],
    ...['auth', 'permissions', 'layer', 'inference', 'query', 'cursors', 'expect'],
  ],
  auth: ['admin', 'user'],
  cursor: ['query', 'etype', 'which'],
} as const;

/** What the parts of a case may be that are one of several words. */
const WORDS: Readonly<Record<string, readonly unknown[]>> = {
  permissions: ['not-involved', 'enforced'],
  layer: ['client', undefined],
};

type Kind = keyof typeof KNOWN;

/** What of a transaction case is unknown to its runner, as `case.key`. */
export function unknownTxCaseParts(testCase: object): string[] {
  return unknown('case', [testCase]);
}

/** What of the outcome that a transaction is to have is unknown to `tx-expectations.ts`, as `kind.key`. */
export function unknownOutcomeParts(expected: TxExpectation): string[] {
  const { triples = [], queries = [], attrs = {}, entities = [], error = {} } = expected;
  const values = queries.flatMap((query) => query.values ?? []);
  return [
    ...unknown('expectation', [expected]),
    ...unknown('triples', triples),
    ...unknown(
      'where',
      triples.map(({ where = {} }) => where),
    ),
    ...unknown('queries', queries),
    ...unknown('values', values),
    ...unknown('attrs', [attrs]),
    ...unknown('entities', entities),
    ...unknown('error', [error]),
  ];
}

/** What of a case of `query-cases.json` is unknown to `query-case.ts`, as `kind.key`. */
export function unknownQueryCaseParts(testCase: QueryCase): string[] {
  const { expect, cursors = {}, auth } = testCase;
  const { counts = [], keys = [], pageInfo = {}, sameAs, error, values = [] } = expect;
  const words = testCase as unknown as Record<string, unknown>;
  return [
    ...unknown('queryCase', [testCase]),
    ...Object.keys(WORDS).flatMap((key) =>
      WORDS[key]?.includes(words[key]) ? [] : [`queryCase.${key} ${JSON.stringify(words[key])}`],
    ),
    ...unknown('auth', auth ? [auth] : []),
    ...unknown('cursor', Object.values(cursors)),
    ...unknownAnswerParts(expect),
    ...values.filter(saysNothing).map(({ path }) => `values: nothing about ${path}`),
    ...unknown('counts', counts),
    ...unknown('keys', keys),
    ...unknown('pageInfo', Object.values(pageInfo)),
    ...unknown('sameAs', sameAs ? [sameAs] : []),
    ...unknown('error', error ? [error] : []),
    ...(Object.keys(expect).length === 0 ? ['answer: nothing is expected'] : []),
  ];
}

function saysNothing(value: object): boolean {
  return !['equals', 'contains', 'partial', 'type'].some((key) => key in value);
}

/** What of an expected answer to a query is unknown to `compare-answer.ts`, as `kind.key`. */
export function unknownAnswerParts(expected: {
  values?: readonly object[];
  error?: ErrorExpectation;
}): string[] {
  const { values = [], error } = expected;
  return [
    ...unknown('answer', [expected]),
    ...unknown('values', values),
    ...(error ? unknownErrorParts(error) : []),
  ];
}

/** What of an expected error is unknown to `tx-expectations.ts`, as `kind.key`. */
export function unknownErrorParts(expected: ErrorExpectation): string[] {
  return unknown('error', [expected]);
}

function unknown(kind: Kind, objects: readonly object[]): string[] {
  return objects.flatMap((object) => unknownKeys(kind, object, KNOWN[kind]));
}

/** The keys of an object that are not among those that are known, as `kind.key`. */
export function unknownKeys(kind: string, object: object | undefined, known: readonly string[]): string[] {
  return Object.keys(object ?? {}).flatMap((key) => (known.includes(key) ? [] : [`${kind}.${key}`]));
}
