import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Actor, ADMIN, VISITOR } from '../../src/backend/permissions/actor.ts';
import { Permissions } from '../../src/backend/permissions/index.ts';
import { joinRowsResult, objectTree, type QueryOutcome, runQuery } from '../../src/backend/query/index.ts';
import type { Triple } from '../../src/protocol/attr.ts';
import { ServerError } from '../../src/protocol/error.ts';
import type { JsonObject, JsonValue } from '../../src/protocol/json.ts';
import { runInCore } from '../core-engine.ts';
import type { QueryCase } from './cases.ts';
import { differences, matches, type NamedAnswer, type QueryExpectation } from './compare-answer.ts';
import type { Ask } from './cursors.ts';
import { expectHolds } from './expect-holds.ts';
import { loadCases, type OpenCase, openCase } from './fixture.ts';
import { queryCaseDifferences } from './query-case.ts';
import { type WireAnswer, WireRefusal } from './wire-case.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<QueryCase>(folder, 'query-cases.json');

/** On whose behalf a case asks. Rules read a user as it is stored, so what a case says of one is stored. */
function actorOf({ auth }: QueryCase, opened: OpenCase): Actor {
  if (auth?.admin) return ADMIN;
  if (!auth?.user || auth.user.id === null) return VISITOR;
  const { id = crypto.randomUUID(), ...values } = opened.toIds(auth.user) as JsonObject;
  const { catalog } = opened.data;
  const missing = Object.keys(values).filter((label) => !catalog.byForward('$users', label));
  if (missing.length > 0) opened.transact(missing.map(userAttr), { admin: true });
  const steps = Object.entries({ id, ...values }).map(([label, value]) => [
    'add-triple',
    id,
    catalog.byForward('$users', label)?.id,
    value,
  ]);
  if (steps.length > 1) opened.transact(steps, { admin: true });
  return { ...VISITOR, user: { id: String(id) } };
}

function userAttr(label: string): unknown[] {
  const attr = { 'value-type': 'blob', cardinality: 'one', 'unique?': false, 'index?': false };
  const identity = [crypto.randomUUID(), '$users', label];
  return ['add-attr', { id: crypto.randomUUID(), 'forward-identity': identity, ...attr }];
}

/** Asks the functions of the backend, without any connection. */
function asker(testCase: QueryCase, opened: OpenCase): Ask {
  const { catalog, triples: reader } = opened.data;
  const source = { catalog, reader };
  const actor = actorOf(testCase, opened);
  const permissions = new Permissions({ now: () => 0, appId: () => 'app' });
  if (testCase.rules) permissions.push(testCase.rules);
  const options = {
    admin: actor.admin,
    fileUrl: (location: string): string => `http://files.test/${location}`,
    filter: testCase.permissions === 'enforced' ? permissions.filterFor(source, actor) : undefined,
  };
  return async (query) => {
    const q = opened.toIds(query);
    const outcome = refusing(() => runQuery(source, q, options));
    return namedAnswer(testCase, opened, q, outcome);
  };
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const { type, message, hint } = error;
    throw new WireRefusal({ op: 'error', type, message, hint: hint as JsonValue });
  }
}

function namedAnswer(testCase: QueryCase, opened: OpenCase, q: unknown, outcome: QueryOutcome): WireAnswer {
  const [{ data }] = joinRowsResult(outcome);
  const [triples] = data['datalog-result']['join-rows'];
  const { catalog } = opened.data;
  const tree =
    testCase.layer === 'client'
      ? runInCore(catalog.list(), triples, q, data['page-info'])
      : objectTree(outcome, { inference: testCase.inference ?? false });
  const named = ([etype, info]: [string, object]) => [
    etype,
    Object.fromEntries(
      Object.entries(info).map(([name, value]) => [
        name,
        Array.isArray(value) ? opened.nameTriple(value as unknown as Triple) : value,
      ]),
    ),
  ];
  return {
    triples: triples.map((triple) => opened.nameTriple(triple)),
    tree: opened.toNames(tree),
    pageInfo: Object.fromEntries(Object.entries(outcome.pageInfo).map(named)),
    rawPageInfo: outcome.pageInfo as unknown as WireAnswer['rawPageInfo'],
    aggregate: outcome.aggregate,
  };
}

async function runCase(testCase: QueryCase): Promise<void> {
  const opened = openCase(folder, testCase);
  expectHolds(await queryCaseDifferences(testCase, opened, asker(testCase, opened)));
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
    { aggregate: { users: { count: 3 } } },
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
    { aggregate: { books: { count: 3 } } },
    { pageInfo: { books: { 'start-cursor': null } } },
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

  test('matches() tells absent from present', () => {
    expect(matches({ a: 1 }, { a: 1, b: null })).toBe(true);
    expect(matches({ a: 1, b: 0 }, { a: 1 })).toBe(false);
  });
});

describe('the running of a query case', () => {
  const HANDLES = { path: 'users[*].handle', equals: ['stopa', 'joe', 'alex', 'nicolegf'] };
  const base: QueryCase = {
    id: 'own',
    source: 'own',
    dataset: 'zeneca',
    auth: null,
    permissions: 'not-involved',
    query: { users: {} },
    expect: { values: [HANDLES] },
  };
  const outcome = (changes: object): Promise<string[]> => {
    const testCase = { ...base, ...changes } as QueryCase;
    const opened = openCase(folder, testCase);
    return queryCaseDifferences(testCase, opened, asker(testCase, opened));
  };
  const first = { query: { users: { $: { limit: 1 } } }, etype: 'users', which: 'end-cursor' };
  const pageAfter = (cursor: string): object => ({ users: { $: { limit: 1, after: { $cursor: cursor } } } });
  const handle = (equals: string): object => ({ values: [{ path: 'users[0].handle', equals }] });
  const byHandle = { users: { allow: { view: 'auth.handle == data.handle' } } };
  const stopa = { user: { handle: 'stopa' } };

  test.each<[what: string, changes: object]>([
    ['as it is', {}],
    [
      'by rules, as somebody of whom the app knows nothing',
      {
        permissions: 'enforced',
        rules: byHandle,
        auth: stopa,
        expect: { values: [{ ...HANDLES, equals: ['stopa'] }] },
      },
    ],
    [
      'by rules, as nobody',
      {
        permissions: 'enforced',
        rules: byHandle,
        auth: { user: { id: null } },
        expect: { counts: [{ path: 'users', equals: 0 }] },
      },
    ],
    [
      'with a cursor that takes a cursor',
      {
        cursors: { one: first, two: { ...first, query: pageAfter('one') } },
        query: pageAfter('two'),
        expect: handle('alex'),
      },
    ],
    [
      'with the cursors of a page',
      {
        query: first.query,
        expect: {
          pageInfo: {
            users: { 'start-cursor': ['eid-stepan-parunashvili', 'users/id', 'eid-stepan-parunashvili'] },
          },
        },
      },
    ],
    [
      'with the id of what has a name',
      {
        names: { 'eid-mine': '00000000-0000-4000-8000-000000000001' },
        setup: [{ op: 'transact', steps: [['add-triple', 'eid-mine', 'attr:users/id', 'eid-mine']] }],
        query: { users: { $: { where: { id: 'eid-mine' }, fields: [] } } },
        expect: { entities: { users: [{ id: '00000000-0000-4000-8000-000000000001' }] } },
      },
    ],
    ['with an error of any kind', { query: { users: 1 }, expect: { error: {} } }],
    [
      'with an error of a type',
      {
        query: { users: 1 },
        expect: {
          error: {
            type: 'validation-failed',
            messageIncludes: 'query',
            hint: { 'data-type': { $type: 'string' } },
          },
        },
      },
    ],
    [
      'with the same in another order',
      {
        query: { users: { $: { order: { serverCreatedAt: 'desc' } } } },
        expect: { sameAs: { query: { users: {} }, ordered: false } },
      },
    ],
    [
      'with a file that was uploaded',
      {
        setup: [{ op: 'upload-file', path: 'a.txt', bytes: [1, 2] }],
        query: { $files: { $: { fields: ['path', 'size'] } } },
        expect: { values: [{ path: '$files[0]', partial: { path: 'a.txt', size: 2 } }] },
      },
    ],
  ])('passes %s', async (_, changes) => {
    expect(await outcome(changes)).toEqual([]);
  });

  const reversed = { users: { $: { order: { serverCreatedAt: 'desc' } } } };

  test.each<[changes: object, why: RegExp]>([
    [{ clock: 1 }, /unknown to the runner: queryCase.clock/],
    [{ permissions: 'perhaps' }, /unknown to the runner: queryCase.permissions/],
    [{ layer: 'server' }, /unknown to the runner: queryCase.layer/],
    [{ auth: { guest: true } }, /unknown to the runner: auth.guest/],
    [{ cursors: { one: { ...first, at: 1 } } }, /unknown to the runner: cursor.at/],
    [{ expect: {} }, /unknown to the runner: answer: nothing is expected/],
    [{ expect: { rows: [] } }, /unknown to the runner: answer.rows/],
    [{ expect: { values: [{ path: 'users' }] } }, /unknown to the runner: values: nothing about users/],
    [{ expect: { values: [{ ...HANDLES, sorted: true }] } }, /unknown to the runner: values.sorted/],
    [{ expect: { counts: [{ path: 'users', atLeast: 1 }] } }, /unknown to the runner: counts.atLeast/],
    [{ expect: { keys: [{ path: 'users', has: 1 }] } }, /unknown to the runner: keys.has/],
    [{ expect: { pageInfo: { users: { total: 4 } } } }, /unknown to the runner: pageInfo.total/],
    [{ expect: { sameAs: { query: {}, sorted: true } } }, /unknown to the runner: sameAs.sorted/],
    [{ expect: { error: { code: 1 } } }, /unknown to the runner: error.code/],
    [{ expect: { error: {} } }, /answered, though an error is expected/],
    [{ query: { users: 1 } }, /refused: .*validation-failed/],
    [{ query: { users: 1 }, expect: { error: { type: 'sql-raise' } } }, /type: got "validation-failed"/],
    [{ query: { users: 1 }, expect: { error: { hint: { 'data-type': 'tx' } } } }, /another data-type/],
    [{ query: { users: 1 }, expect: { error: { firstHintError: { in: [] } } } }, /expected {"in":\[\]}/],
    [{ query: reversed, expect: { sameAs: { query: { users: {} }, ordered: true } } }, /tree: got/],
    [{ expect: { sameAs: { query: { books: {} }, ordered: false } } }, /tree: got/],
  ])('does not pass %j', async (changes, why) => {
    expect((await outcome(changes)).join()).toMatch(why);
  });

  test('ends where a cursor is of an empty page, since without one the query would be another', async () => {
    const empty = { ...first, query: { users: { $: { limit: 1, where: { handle: 'nobody' } } } } };
    const changes = { cursors: { one: empty }, query: pageAfter('one'), expect: handle('joe') };
    await expect(outcome(changes)).rejects.toThrow('The page of cursor "one" has no end-cursor');
  });

  test('writes out long texts', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'golden-repeat-'));
    writeFileSync(join(scratch, 'cases.json'), '[{"id": "x", "query": {"a": {"$repeat": ["ab", 3]}}}]');
    expect(loadCases(scratch, 'cases.json')).toEqual([{ id: 'x', query: { a: 'ababab' } }]);
    rmSync(scratch, { recursive: true });
  });
});
