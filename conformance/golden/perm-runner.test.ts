import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { notAskable } from './cel-runner.ts';
import { type Falsified, falsify } from './falsify.ts';
import { loadCases } from './fixture.ts';
import type { AnyPermCase, PermCase } from './perm-case.ts';
import { permDifferences } from './perm-runner.ts';

// The cases of this folder hold, so whatever expects something else must fail: else the runner would not look at it.

/** So many of each kind of alteration are run: they are alike. */
const OF_A_KIND = 3;

const folder = import.meta.dirname;
const cases = loadCases<AnyPermCase>(folder, 'perm-cases.json').filter(
  (one): one is PermCase => !['signup', 'file-upload', 'file-delete'].includes(one.action),
);

const byKind = new Map<string, Falsified[]>();
for (const testCase of cases) {
  if (testCase.action === 'cel-eval' && notAskable(testCase)) continue;
  for (const falsified of falsify(testCase)) {
    const alike = byKind.get(falsified.what) ?? [];
    byKind.set(falsified.what, [...alike, falsified]);
  }
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
});
