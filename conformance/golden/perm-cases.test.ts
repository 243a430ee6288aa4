import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { celDifferencesDirect } from './cel-direct.ts';
import { notAskable } from './cel-runner.ts';
import { expectHolds } from './expect-holds.ts';
import { loadCases } from './fixture.ts';
import { type AnyPermCase, type CelCase, type PermCase, RUN_ELSEWHERE } from './perm-case.ts';
import { permDifferences } from './perm-runner.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const isOwn = process.env.GOLDEN_DIR === undefined;
const cases = loadCases<AnyPermCase>(folder, 'perm-cases.json');

const isRunHere = (testCase: AnyPermCase): testCase is PermCase => !RUN_ELSEWHERE.includes(testCase.action);
const run = cases.filter(isRunHere);
const direct = run.flatMap((testCase) => {
  const reason = testCase.action === 'cel-eval' ? notAskable(testCase) : undefined;
  return reason === undefined ? [] : [{ testCase: testCase as CelCase, reason }];
});
const overTheWire = run.filter((testCase) => !direct.some((one) => one.testCase === testCase));

let bench: Bench;
beforeAll(async () => {
  bench = await openBench(folder);
});
afterAll(() => bench.backend.close());

describe('golden permission cases', () => {
  test.each(overTheWire.map((testCase) => [testCase.id, testCase] as const))(
    'over the wire: %s',
    async (_, testCase) => {
      expectHolds(await permDifferences(bench, testCase));
    },
  );

  test.each(direct.map(({ testCase }) => [testCase.id, testCase] as const))('%s', (_, testCase) => {
    expectHolds(celDifferencesDirect(testCase));
  });

  // The day one of those here holds, it is to be run over the wire.
  test.each(direct.map(({ testCase, reason }) => [testCase.id, reason, testCase] as const))(
    '%s does not hold over the wire, because %s',
    async (_, __, testCase) => {
      if (isOwn) expect(await permDifferences(bench, testCase)).not.toEqual([]);
    },
  );

  test.runIf(isOwn)('every case is run, all but these over the wire', () => {
    expect(direct.map(({ testCase, reason }) => [testCase.id, reason])).toEqual([
      ['cel/unknown-results-throw/L66', 'it asks without newData, which every write has'],
    ]);
    const count = (action: string): number => overTheWire.filter((one) => one.action === action).length;
    expect({
      transact: count('transact'),
      query: count('query'),
      'validate-rules': count('validate-rules'),
      'cel-eval': count('cel-eval'),
      sequence: count('sequence'),
      elsewhere: cases.length - run.length,
    }).toEqual({
      transact: 245,
      query: 22,
      'validate-rules': 15,
      'cel-eval': 10,
      sequence: 2,
      elsewhere: 13,
    });
  });
});
