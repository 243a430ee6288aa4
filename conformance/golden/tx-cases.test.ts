import { describe, expect, test } from 'vitest';
import type { TxCase } from './cases.ts';
import { DirectCase } from './direct-case.ts';
import { expectHolds } from './expect-holds.ts';
import { loadCases, type NamedTriple } from './fixture.ts';
import { unknownTxCaseParts } from './known-parts.ts';
import {
  answerDifferences,
  attrDifferences,
  type ErrorExpectation,
  errorDifferences,
  type TriplesExpectation,
  tripleDifferences,
  type WireError,
} from './tx-expectations.ts';
import { txDifferences } from './tx-run.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<TxCase>(folder, 'tx-cases.json');

// The others are run by admin-tx-cases.test.ts.
const run = cases.filter(({ api }) => api !== 'admin');

describe('golden transaction cases', () => {
  test.each(run.map((testCase) => [testCase.id, testCase] as const))('%s', async (_, testCase) => {
    expectHolds(await txDifferences(new DirectCase(folder, testCase), testCase));
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)(
    'every case is run, but for those of the admin API',
    () => {
      expect({ run: run.length, all: cases.length }).toEqual({ run: 107, all: 111 });
    },
  );
});

describe('a case that does not hold', () => {
  const named = (id: string): TxCase => run.find((testCase) => testCase.id === id) as TxCase;
  const found = (testCase: TxCase): Promise<string[]> => {
    return txDifferences(new DirectCase(folder, testCase), testCase);
  };

  test.runIf(process.env.GOLDEN_DIR === undefined)('is told apart, whatever it expects', async () => {
    const fine = named('tx/tx-retract/L1414');
    const refused = named('tx/obj-unique/L975');
    expect(await found({ ...fine, expect: { error: {} } })).toEqual([
      'went through, though the case expects an error',
    ]);
    expect(await found({ ...refused, expect: { ok: true } })).toEqual([
      expect.stringMatching(/^refused: .*record-not-unique/),
    ]);
    expect(await found({ ...refused, expect: { error: { type: 'sql-raise' } } })).toHaveLength(1);
    expect(
      await found({ ...fine, expect: { ok: true, entities: [{ etype: 'users', present: ['e'] }] } }),
    ).toEqual(['users e is missing']);
    const query = { query: { users: {} }, auth: null, counts: [{ path: 'users', equals: 7 }] };
    expect(await found({ ...fine, expect: { ok: true, queries: [query] } })).toHaveLength(1);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)(
    'is one with a part that the runner does not know',
    async () => {
      const fine = named('tx/tx-retract/L1414');
      expect(unknownTxCaseParts(fine)).toEqual([]);
      expect(await found({ ...fine, cursors: {} } as TxCase)).toEqual([
        'unknown to the runner: case.cursors',
      ]);
      expect(await found({ ...fine, expect: { ok: true, shape: 1 } as TxCase['expect'] })).toEqual([
        'unknown to the runner: expectation.shape',
      ]);
    },
  );
});

describe('the notation of a case', () => {
  const e = '00000000-0000-4000-8000-000000000001';
  const attr = (etype: string, label: string, id: string): object => ({
    id: `00000000-0000-4000-8000-0000000000${id}`,
    'forward-identity': [`00000000-0000-4000-9000-0000000000${id}`, etype, label],
    ...{ 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false },
  });
  const found = (parts: Partial<TxCase>): Promise<string[]> => {
    const testCase = { id: 'own', source: 'here', dataset: 'empty', auth: null, ...parts } as TxCase;
    return txDifferences(new DirectCase(import.meta.dirname, testCase), testCase);
  };

  test('writes long texts short, and names entities and attributes wherever they stand', async () => {
    const steps = [
      ['add-attr', attr('notes', 'text', '10')],
      ['add-triple', 'eid-note', 'attr:notes/text', { $repeat: ['ab', 3] }],
    ];
    const expect_ = (v: unknown): TxCase['expect'] => ({
      ok: true,
      triples: [{ where: { entity: e }, equals: [[e, 'notes/text', v]] }],
      attrs: { byId: { 'attr:notes/text': { 'inferred-types': ['string'] } } },
    });
    const parts = { names: { 'eid-note': e }, steps };
    expect(await found({ ...parts, expect: expect_('ababab') })).toEqual([]);
    expect(await found({ ...parts, expect: expect_({ $repeat: ['ab', 3] }) })).toEqual([]);
    expect(await found({ ...parts, expect: expect_({ $type: 'string' }) })).toEqual([]);
    expect(await found({ ...parts, expect: expect_({ $type: 'uuid' }) })).toHaveLength(1);
    expect(await found({ ...parts, expect: expect_('abab') })).toHaveLength(1);
  });

  test('has a short form for writing an entity', async () => {
    const setup: TxCase['setup'] = [{ op: 'transact', steps: [['add-attr', attr('notes', 'id', '10')]] }];
    const steps = [['add-attr', attr('notes', 'text', '11')], { id: e, etype: 'notes', text: 'x' }];
    const equals: [string, string, unknown][] = [
      [e, 'notes/id', e],
      [e, 'notes/text', 'x'],
    ];
    expect(await found({ setup, steps, expect: { ok: true, triples: [{ equals }] } })).toEqual([]);
  });

  test('may be malformed on purpose', async () => {
    const firstHintError = { expected: 'instant.db.model.attr/value-type', in: [0, 1] };
    expect(await found({ steps: [['add-attr']], expect: { error: { firstHintError } } })).toEqual([]);
  });

  test('has rules and users', async () => {
    const parts: Partial<TxCase> = {
      setup: [
        { op: 'create-user', user: { id: e, email: 'joe@example.com' } },
        { op: 'transact', steps: [['add-attr', attr('notes', 'text', '10')]] },
      ],
      rules: { notes: { allow: { create: "auth.email == 'joe@example.com'", view: 'false' } } },
      steps: [['add-triple', e, 'attr:notes/text', 'x']],
    };
    const query = { query: { notes: {} }, auth: null, counts: [{ path: 'notes', equals: 0 }] };
    const error = { type: 'permission-denied' };
    expect(await found({ ...parts, auth: null, expect: { error } })).toEqual([]);
    const auth = { user: { id: e } };
    expect(await found({ ...parts, auth, expect: { ok: true, queries: [query] } })).toEqual([]);
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

  test.runIf(process.env.GOLDEN_DIR === undefined)(
    'knows every kind of expectation that the cases use',
    () => {
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
    },
  );
});
