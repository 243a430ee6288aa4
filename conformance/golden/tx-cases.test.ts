import { describe, expect, test } from 'vitest';
import { ADMIN, VISITOR } from '../../src/backend/actor.ts';
import { snapshotOf } from '../../src/backend/data-set.ts';
import { Permissions, TransactionChecks } from '../../src/backend/permissions/index.ts';
import { joinRowsResult, objectTree, runQuery } from '../../src/backend/query/index.ts';
import { ServerError } from '../../src/protocol/error.ts';
import { runInCore } from '../core-engine.ts';
import { expectedError, isAdmin, refusedByValidation, type TxCase } from './cases.ts';
import { loadCases, type NamedTriple, type OpenCase, openCase } from './fixture.ts';
import {
  answerDifferences,
  attrDifferences,
  type ErrorExpectation,
  entityDifferences,
  errorDifferences,
  type TriplesExpectation,
  type TxQueryExpectation,
  tripleDifferences,
  type WireAttr,
  type WireError,
} from './tx-expectations.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<TxCase>(folder, 'tx-cases.json');

// Run by admin-tx-cases.test.ts.
const overAdminApi = cases.filter(({ api }) => api === 'admin');
const belowValidation = cases.filter(({ id }) => Object.hasOwn(refusedByValidation, id));
const leftOut = new Set([...overAdminApi, ...belowValidation]);
const run = cases.filter((testCase) => !leftOut.has(testCase));

function storedTriples(opened: OpenCase): NamedTriple[] {
  const { catalog, triples } = opened.data;
  return catalog
    .list()
    .flatMap((attr) => [...triples.attr(attr.id)].map((triple) => opened.nameTriple(triple)));
}

function everything({ data }: OpenCase): unknown {
  return { ...snapshotOf(data), deleted: [...data.catalog.deleted()] };
}

/** The answer to a query as an object tree, as the case's layer sees it. */
function answer(opened: OpenCase, testCase: TxCase, { query, auth }: TxQueryExpectation): unknown {
  const { catalog, triples: reader } = opened.data;
  const resolved = opened.toIds(query);
  const outcome = runQuery({ catalog, reader }, resolved, { admin: auth?.admin ?? false });
  if (testCase.layer !== 'client') return opened.toNames(objectTree(outcome, { inference: false }));
  const [{ data }] = joinRowsResult(outcome);
  const [triples] = data['datalog-result']['join-rows'];
  return opened.toNames(runInCore(catalog.list(), triples, resolved, data['page-info']));
}

function outcomeDifferences(opened: OpenCase, testCase: TxCase): string[] {
  const { triples = [], queries = [], attrs, entities } = testCase.expect;
  const stored = storedTriples(opened);
  const list = opened.data.catalog.list() as unknown as WireAttr[];
  return [
    ...tripleDifferences(stored, triples),
    ...entityDifferences(stored, entities),
    ...(attrs ? attrDifferences(list, opened.toIds(attrs) as typeof attrs) : []),
    ...queries.flatMap((query) => answerDifferences(answer(opened, testCase, query), query)),
  ];
}

function refusal(opened: OpenCase, testCase: TxCase): WireError | undefined {
  try {
    const { catalog, triples: reader } = opened.data;
    const admin = isAdmin(testCase);
    const run = new Permissions({ now: () => 0 }).run({ catalog, reader }, admin ? ADMIN : VISITOR);
    const guard = admin ? undefined : new TransactionChecks(opened.data, run);
    opened.transact(opened.toIds(testCase.steps), { admin, guard });
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return { type: error.type, message: error.message, hint: error.hint };
  }
}

function runCase(testCase: TxCase): void {
  const opened = openCase(folder, testCase);
  const before = everything(opened);
  const error = refusal(opened, testCase);
  if (!testCase.expect.error) {
    expect(error).toBeUndefined();
    expect(outcomeDifferences(opened, testCase)).toEqual([]);
    return;
  }
  if (!error) throw new Error('The transaction went through, though the case expects an error');
  expect(
    errorDifferences(error, opened.toIds(expectedError(testCase.expect.error, testCase)) as ErrorExpectation),
  ).toEqual([]);
  expect(everything(opened)).toEqual(before);
}

describe('golden transaction cases', () => {
  test.each(run.map((testCase) => [testCase.id, testCase] as const))('%s', (_, testCase) =>
    runCase(testCase),
  );

  test.each(
    belowValidation.map((testCase) => [testCase.id, refusedByValidation[testCase.id], testCase] as const),
  )('%s is refused, because %s', (_, __, testCase) => {
    expect(refusal(openCase(folder, testCase), testCase)).toMatchObject({
      type: 'validation-failed',
      message: 'Validation failed for tx-steps',
    });
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run, or left out by name', () => {
    const counts = {
      run: run.length,
      overAdminApi: overAdminApi.length,
      belowValidation: belowValidation.length,
    };
    expect(counts).toEqual({ run: 105, overAdminApi: 4, belowValidation: 2 });
    expect(run.length + leftOut.size).toBe(cases.length);
  });
});

describe('the comparison of outcomes', () => {
  const stored: NamedTriple[] = [
    ['e1', 'users/handle', 'joe'],
    ['e1', 'users/info', { a: 1, b: [2] }],
    ['e2', 'users/handle', 'joe'],
    ['e2', '$users/email', 'joe@example.com'],
  ];
  const rightTriples: TriplesExpectation[] = [
    { where: { attr: 'users/info' }, equals: [['e1', 'users/info', { b: [2], a: 1 }]] },
    { where: { attr: 'users/handle' }, values: ['joe', 'joe'] },
    { where: { attr: 'users/handle' }, values: ['joe'], distinct: true },
    { where: {}, count: 3 },
    { where: { entity: 'e2', etype: '$users' }, count: 1 },
    { where: { entities: ['e1', 'e3'] }, entityIds: ['e1'] },
    { where: { attr: 'users/info' }, containsValues: [{ b: [2], a: 1 }] },
    { where: { attr: 'users/handle' }, someEntity: 'e2' },
  ];
  const wrongTriples: TriplesExpectation[] = [
    { where: { attr: 'users/info' }, equals: [['e1', 'users/info', { a: 1, b: [3] }]] },
    { where: { attr: 'users/info' }, equals: [] },
    { where: { attr: 'users/none' }, equals: [['e1', 'users/none', 1]] },
    { where: { entity: 'e1' }, equals: [['e1', 'users/handle', 'joe']] },
    { where: { attr: 'users/handle' }, values: ['joe'] },
    { where: { attr: 'users/handle' }, values: ['joe', 'alex'], distinct: true },
    { where: {}, count: 4 },
    { where: { entities: ['e1', 'e2'] }, entityIds: ['e1'] },
    { where: { attr: 'users/handle' }, containsValues: ['joe', 'alex'] },
    { where: { attr: 'users/info' }, someEntity: 'e2' },
  ];

  test.each(rightTriples.map((check) => [JSON.stringify(check), check] as const))(
    'accepts %s',
    (_, check) => {
      expect(tripleDifferences(stored, [check])).toEqual([]);
    },
  );

  test.each(wrongTriples.map((check) => [JSON.stringify(check), check] as const))(
    'refuses %s',
    (_, check) => {
      expect(tripleDifferences(stored, [check])).not.toEqual([]);
    },
  );

  test('binds an entity that was found for the checks that follow', () => {
    const bind: TriplesExpectation = { where: { attr: 'users/info' }, bindEntity: '$e' };
    const bound = (handle: string): TriplesExpectation[] => [
      bind,
      { where: { entity: '$e', attr: 'users/handle' }, equals: [['$e', 'users/handle', handle]] },
    ];
    expect(tripleDifferences(stored, bound('joe'))).toEqual([]);
    expect(tripleDifferences(stored, bound('alex'))).not.toEqual([]);
  });

  const error: WireError = {
    type: 'validation-failed',
    message: 'Validation failed for tx-steps: no',
    hint: { errors: [{ message: 'no', in: [0, 1] }], input: 'it' },
  };

  test.each<[ErrorExpectation, boolean]>([
    [{}, true],
    [{ type: 'validation-failed', messageIncludes: 'tx-steps', messageStartsWith: 'Valid' }, true],
    [{ messageMatches: 'FAILED', ignoreCase: true }, true],
    [{ firstHintError: { in: [0, 1] } }, true],
    [{ hintIncludes: { input: 'it' } }, true],
    [{ hintIncludes: { input: 'that' } }, false],
    [{ type: 'sql-raise' }, false],
    [{ message: 'Validation failed' }, false],
    [{ messageIncludes: 'yes' }, false],
    [{ messageStartsWith: 'failed' }, false],
    [{ messageMatches: 'FAILED' }, false],
    [{ hint: {} }, false],
    [{ firstHintError: { in: [0] } }, false],
    [{ firstHintError: { expected: 'coll?' } }, false],
  ])('holds an error against %j: %s', (expected, holds) => {
    expect(errorDifferences(error, expected).length === 0).toBe(holds);
  });

  test('tells attributes apart', () => {
    const attr = {
      id: 'a',
      catalog: 'user',
      'forward-identity': ['i', 'users', 'tags'],
      'reverse-identity': ['j', 'tags', 'users'],
      'inferred-types': ['string', 'number'],
    };
    const holds = (expected: object): boolean => attrDifferences([attr], expected).length === 0;
    expect(holds({ byId: { a: { 'inferred-types': ['number', 'string'] } }, forwardLabels: ['tags'] })).toBe(
      true,
    );
    expect(holds({ byId: { a: { 'inferred-types': ['number'] } } })).toBe(false);
    expect(holds({ byId: { a: { 'forward-identity': ['i', 'tags', 'users'] } } })).toBe(false);
    expect(holds({ byId: { b: { catalog: 'user' } } })).toBe(false);
    expect(holds({ forwardLabels: ['tags', 'name'] })).toBe(false);
    expect(holds({ forwardLabels: [] })).toBe(false);
    expect(holds({ reverseLabels: ['users'], present: ['a'], absent: ['b'] })).toBe(true);
    expect(holds({ reverseLabels: ['tags'] })).toBe(false);
    expect(holds({ present: ['a', 'b'] })).toBe(false);
    expect(holds({ absent: ['a'] })).toBe(false);
  });

  test('holds answers against partial, type and contains', () => {
    const tree = { users: [{ id: 'a55a5231-5c4d-4033-b859-7790c45c22d5', handle: 'joe', age: 3 }] };
    const holds = (check: object): boolean => {
      return answerDifferences(tree, { query: {}, auth: null, values: [check as never] }).length === 0;
    };
    expect(holds({ path: 'users[0]', partial: { handle: 'joe' } })).toBe(true);
    expect(holds({ path: 'users[0]', partial: { handle: 'alex' } })).toBe(false);
    expect(holds({ path: 'users[0].id', type: 'uuid' })).toBe(true);
    expect(holds({ path: 'users[0].handle', type: 'uuid' })).toBe(false);
    expect(holds({ path: 'users[*].handle', contains: ['joe'] })).toBe(true);
    expect(holds({ path: 'users[*].handle', contains: ['alex'] })).toBe(false);
    expect(holds({ path: 'users[0].age', equals: 4 })).toBe(false);
  });

  test('knows every kind of expectation that the cases use', () => {
    const used = (lists: object[]): string[] =>
      [...new Set(lists.flatMap((item) => Object.keys(item)))].sort();
    const expectations = run.map((testCase) => testCase.expect);
    expect(used(expectations)).toEqual(['attrs', 'entities', 'error', 'ok', 'queries', 'triples']);
    expect(used(expectations.flatMap(({ triples = [] }) => triples))).toEqual([
      'bindEntity',
      'count',
      'distinct',
      'entityIds',
      'equals',
      'values',
      'where',
    ]);
    expect(used(expectations.flatMap(({ queries = [] }) => queries))).toEqual([
      'auth',
      'counts',
      'query',
      'values',
    ]);
    expect(used(expectations.flatMap(({ attrs }) => attrs ?? []))).toEqual(['byId', 'forwardLabels']);
    expect(used(expectations.flatMap(({ error }) => error ?? []))).toEqual([
      'firstHintError',
      'hint',
      'message',
      'messageIncludes',
      'messageMatches',
      'messageStartsWith',
      'type',
    ]);
  });
});
