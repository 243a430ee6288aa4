import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { celDifferencesDirect } from './cel-direct.ts';
import { notAskable } from './cel-runner.ts';
import { type Falsified, falsify } from './falsify.ts';
import { loadCases } from './fixture.ts';
import { type AnyPermCase, type CelCase, type PermCase, type QueryStep, RUN_ELSEWHERE } from './perm-case.ts';
import { permDifferences } from './perm-runner.ts';

// The cases of this folder hold, so whatever expects something else must fail: else the runner would not look at it.

/** So many of each kind of alteration are run: they are alike. */
const OF_A_KIND = 3;

const folder = import.meta.dirname;
const cases = loadCases<AnyPermCase>(folder, 'perm-cases.json').filter(
  (one): one is PermCase => !RUN_ELSEWHERE.includes(one.action),
);

const byKind = new Map<string, Falsified[]>();
for (const testCase of cases) {
  if (testCase.action === 'cel-eval' && notAskable(testCase)) continue;
  for (const falsified of falsify(testCase)) {
    const alike = byKind.get(falsified.what) ?? [];
    byKind.set(falsified.what, [...alike, falsified]);
  }
}

/** A rule that is asked on its own. */
function celCase(part: object): CelCase {
  const common = { id: 'cel', source: '', dataset: 'empty', auth: null, action: 'cel-eval' };
  return { ...common, ...part } as unknown as CelCase;
}

describe.runIf(process.env.GOLDEN_DIR === undefined)('the runner of the permission cases', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(folder);
  });
  afterAll(() => bench.backend.close());

  test.each([...byKind])('sees what is wrong of %s', async (_, alike) => {
    for (const { testCase } of alike.slice(0, OF_A_KIND)) {
      expect(await permDifferences(bench, testCase), testCase.id).not.toEqual([]);
    }
  });

  test('alters every kind of thing that the cases expect', () => {
    const kinds = [...byKind.keys()].map((what) => what.replace(/(: \w+(\.\w+)?).*/, '$1'));
    expect([...new Set(kinds)].sort()).toEqual([
      'cel-eval: compileError.messageMatches',
      'cel-eval: compiles',
      'cel-eval: does',
      'cel-eval: fails',
      'cel-eval: result',
      'query: answered',
      'query: entities.authors',
      'query: entities.books',
      'query: entities.users',
      'query: error.type',
      'query: pageInfo.users',
      'query: refused',
      'query: values.equals',
      'sequence of query: answered',
      'sequence of query: counts.equals',
      'sequence of query: error.type',
      'sequence of query: refused',
      'sequence of transact: allowed',
      'sequence of transact: error.type',
      'sequence of transact: refused',
      'transact: allowed',
      'transact: attrs.byId',
      'transact: attrs.present',
      'transact: error.message',
      'transact: error.type',
      'transact: queries.entities',
      'transact: queries.values',
      'transact: refused',
      'transact: triples.containsValues',
      'transact: triples.someEntity',
      'transact: triples.values',
      'validate-rules: accepted',
      'validate-rules: refused',
      'validate-rules: ruleErrors.in',
      'validate-rules: ruleErrors.message',
    ]);
  });

  test('knows when it does not know what is expected', async () => {
    const transaction = cases.find((one) => one.action === 'transact') as PermCase;
    const query = cases.find((one) => one.action === 'query') as PermCase;
    const strange = (testCase: PermCase): PermCase =>
      ({ ...testCase, expect: { sometimes: true } }) as unknown as PermCase;
    expect(await permDifferences(bench, strange(transaction))).toEqual([
      'unknown to the runner: expectation.sometimes',
    ]);
    expect(await permDifferences(bench, strange(query))).toEqual(['unknown to the runner: answer.sometimes']);
  });

  test.each([
    ['action.dance', { action: 'dance' }],
    ['case.weather', { weather: 'fair' }],
    ['flags.brave', { flags: ['brave'] }],
    ['case.expect', { expect: undefined }],
    ['error.tone', { expect: { error: { tone: 'harsh' } } }],
    ['step.action.dance', { action: 'sequence', query: undefined, sequence: [{ action: 'dance' }] }],
  ])('does not pass over %s', async (what, strange) => {
    const query = cases.find((one) => one.action === 'query') as PermCase;
    const { query: _, ...rest } = query as typeof query & { query?: unknown };
    const testCase = { ...('sequence' in strange ? rest : query), ...strange } as unknown as PermCase;
    const found = await permDifferences(bench, testCase);
    expect(found).toContain(`unknown to the runner: ${what}`);
  });

  test('expects a denial where the case says no more than that something is not allowed', async () => {
    const denied = cases.find((one) => one.id === 'tx/write-perms/L1763') as PermCase;
    const expecting = (expect: object) => ({ ...denied, expect }) as unknown as PermCase;
    expect(await permDifferences(bench, expecting({ allowed: false }))).toEqual([]);
    const told = { allowed: false, error: { messageIncludes: 'denied' } };
    expect(await permDifferences(bench, expecting(told))).toEqual([]);
    const raw = { ...denied, flags: ['raw-transact'] } as PermCase;
    expect(await permDifferences(bench, raw)).toEqual(['went through, though it is not allowed']);
    const storage = {
      ...denied,
      flags: ['storage-specific-error'],
      expect: { error: { type: 'sql-raise' } },
    };
    expect(await permDifferences(bench, storage as PermCase)).toEqual([]);
  });

  test('runs the steps of the admin API', async () => {
    const transaction = cases.find((one) => one.action === 'transact') as PermCase;
    const steps = [['update', 'users', 'eid-alex', { handle: 'al' }]];
    const query = { users: { $: { where: { handle: 'al' } } } };
    const counts = [{ path: 'users', equals: 1 }];
    const common = { ...transaction, setup: [], dataset: 'zeneca', auth: null, api: 'admin', steps };
    const answered = { allowed: true, queries: [{ query, auth: null, counts }] };
    const open = { ...common, rules: {}, expect: answered } as unknown as PermCase;
    expect(await permDifferences(bench, open)).toEqual([]);
    const rules = { users: { allow: { update: 'false' } } };
    const closed = { ...common, rules, expect: { allowed: false } } as unknown as PermCase;
    expect(await permDifferences(bench, closed)).toEqual([]);
  });

  test('compares what a rule comes to by value', async () => {
    const list = celCase({ ruleAction: 'view', code: '[1, 2].map(x, x * 2)', expect: { result: [2, 4] } });
    expect(await permDifferences(bench, list)).toEqual([]);
    expect(await permDifferences(bench, { ...list, expect: { result: [2, 5] } })).not.toEqual([]);
  });

  test('asks a rule now, unless the case says when', async () => {
    const code = 'request.time > timestamp("2025-01-01")';
    const later = celCase({ ruleAction: 'view', code, expect: { result: true } });
    expect(await permDifferences(bench, later)).toEqual([]);
    const earlier = { ...later, requestTime: '2024-01-01T00:00:00Z', expect: { result: false } };
    expect(await permDifferences(bench, earlier)).toEqual([]);
  });

  test('asks a rule directly with what cannot be chosen over the wire', () => {
    const code = 'auth.id == "me" && ruleParams.a == 1 && linkedData.b == 2 && actions.data == "create"';
    const bindings = {
      auth: { id: 'me' },
      'rule-params': { a: 1 },
      linkedData: { b: 2 },
      actions: { data: 'create' },
    };
    const link = celCase({ ruleAction: 'link', code, bindings, expect: { result: true } });
    expect(celDifferencesDirect(link)).toEqual([]);
    expect(celDifferencesDirect({ ...link, expect: { result: false } })).not.toEqual([]);
    expect(celDifferencesDirect({ ...link, bindings: { weather: 'fair' } })).toEqual([
      'unknown to the runner: bindings.weather',
    ]);
    const broken = { ...link, code: 'foo', expect: { compileError: { messageMatches: 'foo' } } };
    expect(celDifferencesDirect(broken)).toEqual([]);
  });

  test('takes cursors from pages, and compares the answers of two queries', async () => {
    const query = cases.find((one) => one.action === 'query') as PermCase & QueryStep;
    const page = { users: { $: { limit: 1 } } };
    const second = { users: { $: { limit: 1, after: { $cursor: 'c1' } } } };
    const asked = {
      ...query,
      dataset: 'zeneca',
      rules: {},
      query: second,
      cursors: { c1: { query: page, etype: 'users', which: 'end-cursor' } },
      expect: { counts: [{ path: 'users', equals: 1 }], sameAs: { query: second, ordered: true } },
    } as PermCase & QueryStep;
    expect(await permDifferences(bench, asked)).toEqual([]);
    const expected = { ...asked.expect, sameAs: { query: page, ordered: true } };
    expect(await permDifferences(bench, { ...asked, expect: expected })).not.toEqual([]);
  });
});
