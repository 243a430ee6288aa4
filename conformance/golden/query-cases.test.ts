import { describe, expect, test } from 'vitest';
import { ADMIN, VISITOR } from '../../src/backend/actor.ts';
import { Permissions } from '../../src/backend/permissions/index.ts';
import { joinRowsResult, objectTree, type QueryOutcome, runQuery } from '../../src/backend/query/index.ts';
import { ServerError } from '../../src/protocol/error.ts';
import { runInCore } from '../core-engine.ts';
import type { QueryCase } from './cases.ts';
import { differences, matches, type NamedAnswer, type QueryExpectation } from './compare-answer.ts';
import { loadCases, type OpenCase, openCase } from './fixture.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<QueryCase>(folder, 'query-cases.json');

class CaseRunner {
  readonly #case: QueryCase;
  readonly #open: OpenCase;

  constructor(testCase: QueryCase) {
    this.#case = testCase;
    this.#open = openCase(folder, testCase);
  }

  run(query: unknown): QueryOutcome {
    const { catalog, triples: reader } = this.#open.data;
    const source = { catalog, reader };
    const resolved = this.#open.toIds(this.#withCursors(query));
    const actor = this.#case.auth?.admin ? ADMIN : VISITOR;
    const enforced = this.#case.permissions === 'enforced';
    const filter = enforced ? new Permissions({ now: () => 0 }).filterFor(source, actor) : undefined;
    const fileUrl = (location: string): string => `http://files.test/${location}`;
    return runQuery(source, resolved, { admin: actor.admin, fileUrl, filter });
  }

  answer(query: unknown): NamedAnswer {
    const outcome = this.run(query);
    const [{ data }] = joinRowsResult(outcome);
    const [triples] = data['datalog-result']['join-rows'];
    const tree =
      this.#case.layer === 'client'
        ? runInCore(
            this.#open.data.catalog.list(),
            triples,
            this.#open.toIds(this.#withCursors(query)),
            data['page-info'],
          )
        : objectTree(outcome, { inference: this.#case.inference ?? false });
    return {
      triples: triples.map((triple) => this.#open.nameTriple(triple)),
      tree: this.#open.toNames(tree),
      pageInfo: this.#open.toNames(outcome.pageInfo) as NamedAnswer['pageInfo'],
      aggregate: outcome.aggregate,
    };
  }

  hintErrors(query: unknown): unknown[] {
    try {
      this.run(query);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      expect(error.type).toBe('validation-failed');
      return this.#open.toNames((error.hint as { errors: unknown[] }).errors) as unknown[];
    }
    throw new Error('The query was answered, though the case expects an error');
  }

  /** Fills in the cursors that the query takes from the pages of other queries. */
  #withCursors(query: unknown): unknown {
    if (Array.isArray(query)) return query.map((item) => this.#withCursors(item));
    if (typeof query !== 'object' || query === null) return query;
    const entries = Object.entries(query);
    if (entries[0]?.[0] === '$cursor') return this.#cursor(String(entries[0][1]));
    return Object.fromEntries(entries.map(([key, value]) => [key, this.#withCursors(value)]));
  }

  #cursor(name: string): unknown {
    const spec = this.#case.cursors?.[name];
    if (!spec) throw new Error(`No cursor "${name}" in this case`);
    return this.run(spec.query).pageInfo[spec.etype]?.[spec.which];
  }
}

function runCase(testCase: QueryCase): void {
  const runner = new CaseRunner(testCase);
  const { error, sameAs, ...expected } = testCase.expect;
  if (error) {
    const [first] = runner.hintErrors(testCase.query) as Record<string, unknown>[];
    expect(first).toMatchObject(error.firstHintError);
    return;
  }
  const answer = runner.answer(testCase.query);
  expect(differences(answer, expected)).toEqual([]);
  if (sameAs) expect(answer.tree).toEqual(runner.answer(sameAs.query).tree);
}

describe('golden query cases', () => {
  test.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', (_, testCase) =>
    runCase(testCase),
  );

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
    const enforced = cases.filter(({ permissions }) => permissions === 'enforced').length;
    expect({ all: cases.length, enforced }).toEqual({ all: 160, enforced: 21 });
  });
});

describe('the comparison of answers', () => {
  const answer: NamedAnswer = {
    triples: [['e', 'users/handle', 'joe']],
    tree: { users: [{ id: 'e', handle: 'joe', tags: [{ id: 'x' }, { id: 'y' }] }] },
    pageInfo: { users: { 'has-next-page?': true, 'start-cursor': ['e', 'a', 'joe', 12] } },
    aggregate: { users: { count: 3 } },
  };
  const right: QueryExpectation[] = [
    { triples: [['e', 'users/handle', 'joe']] },
    { values: [{ path: 'users[*].handle', equals: ['joe'] }] },
    { values: [{ path: 'users[0].tags[*].id', equals: ['y', 'x'], ordered: false }] },
    { values: [{ path: 'users[0].nothing', equals: null }] },
    { values: [{ path: 'users[0].handle', equals: { $type: 'string' } }] },
    { entities: { users: [{ id: 'e', handle: 'joe', tags: [{ id: 'y' }, { id: 'x' }], gone: null }] } },
    { counts: [{ path: 'users', equals: 1 }] },
    { values: [{ path: 'users[*].tags[*].id', contains: ['y'], flatten: true }] },
    { values: [{ path: 'users[*].tags[*].no', equals: [], flatten: true, dropNull: true }] },
    { values: [{ path: 'users[0]', partial: { handle: 'joe' } }] },
    { values: [{ path: 'users[0].handle', type: 'string' }] },
    { aggregate: [{ count: 3 }] },
    { keys: [{ path: 'users[0]', equals: ['tags', 'id', 'handle'] }] },
    { pageInfo: { users: { 'start-cursor': ['e', 'a', 'joe'] } } },
  ];
  const wrong: QueryExpectation[] = [
    { triples: [] },
    {
      triples: [
        ['e', 'users/handle', 'joe'],
        ['e', 'users/email', 'x'],
      ],
    },
    { values: [{ path: 'users[*].handle', equals: ['stopa'] }] },
    { values: [{ path: 'users[0].tags[*].id', equals: ['y', 'x'], ordered: true }] },
    { values: [{ path: 'users[0].tags[*].id', equals: ['x', 'x', 'y'], ordered: false, multiset: true }] },
    { values: [{ path: 'users[0].tags[*].id', equals: ['x'], ordered: false }] },
    { values: [{ path: 'users[0].handle', equals: null }] },
    { values: [{ path: 'users[0].id', equals: { $type: 'uuid' } }] },
    { entities: { users: [] } },
    { entities: { users: [{ id: 'e', handle: 'joe' }] } },
    { counts: [{ path: 'users', equals: 2 }] },
    { values: [{ path: 'users[*].tags[*].id', contains: ['z'], flatten: true }] },
    { values: [{ path: 'users[*].tags[*].id', contains: ['y'] }] },
    { values: [{ path: 'users[0]', partial: { handle: 'stopa' } }] },
    { values: [{ path: 'users[0].handle', type: 'uuid' }] },
    { aggregate: [{ count: 4 }] },
    { aggregate: [] },
    { keys: [{ path: 'users[0]', equals: ['id', 'handle'] }] },
    { pageInfo: { users: { 'has-next-page?': false } } },
    { pageInfo: { users: { 'start-cursor': ['e', 'a', 'stopa'] } } },
  ];

  test.each(right.map((expected) => [JSON.stringify(expected), expected] as const))(
    'accepts %s',
    (_, expected) => {
      expect(differences(answer, expected)).toEqual([]);
    },
  );

  test.each(wrong.map((expected) => [JSON.stringify(expected), expected] as const))(
    'refuses %s',
    (_, expected) => {
      expect(differences(answer, expected)).not.toEqual([]);
    },
  );

  test('knows every kind of expectation that the cases use', () => {
    const known = [
      'triples',
      'values',
      'entities',
      'ordered',
      'counts',
      'keys',
      'pageInfo',
      'aggregate',
      'sameAs',
      'error',
    ];
    const used = new Set(cases.flatMap((testCase) => Object.keys(testCase.expect)));
    expect([...used].filter((kind) => !known.includes(kind))).toEqual([]);
  });

  test('matches() tells absent from present', () => {
    expect(matches({ a: 1 }, { a: 1, b: null })).toBe(true);
    expect(matches({ a: 1, b: 0 }, { a: 1 })).toBe(false);
  });
});
