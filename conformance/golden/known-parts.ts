import type { TxExpectation } from './tx-expectations.ts';

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
} as const;

type Kind = keyof typeof KNOWN;

/** What of a transaction case is unknown to its runner, as `case.key`. */
export function unknownCaseParts(testCase: object): string[] {
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

/** What of an expected answer to a query is unknown to `compare-answer.ts`, as `kind.key`. */
export function unknownAnswerParts(expected: { values?: readonly object[] }): string[] {
  return [...unknown('answer', [expected]), ...unknown('values', expected.values ?? [])];
}

function unknown(kind: Kind, objects: readonly object[]): string[] {
  const known: readonly string[] = KNOWN[kind];
  return objects
    .flatMap((object) => Object.keys(object))
    .flatMap((key) => (known.includes(key) ? [] : [`${kind}.${key}`]));
}
