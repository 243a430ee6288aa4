import { describe, expect, test } from 'vitest';
import { currentNode, plan, SUITES } from './plan.mjs';
import { faultOf, table } from './report.mjs';

const counts = { passed: 3, failed: 0, skipped: 1 };

describe('faultOf()', () => {
  test('finds none in a run that ended well', () => {
    expect(faultOf(0, counts, undefined)).toBeUndefined();
    expect(faultOf(0, counts, { passed: 3, skipped: 1 })).toBeUndefined();
  });

  test.each([
    ['a run that was stopped', null, counts, 'did not finish'],
    ['a run without a report', 0, undefined, 'exit code 0, no report'],
    ['a failed test', 1, { ...counts, failed: 2 }, '2 failed'],
    ['a failure outside the tests', 1, counts, 'exit code 1'],
    ['an empty run', 0, { ...counts, passed: 0 }, 'no test ran'],
  ])('finds %s', (_, code, found, fault) => {
    expect(faultOf(code, found, undefined)).toBe(fault);
  });

  test.each([
    { passed: 4, skipped: 1 },
    { passed: 3, skipped: 0 },
  ])('finds a count other than $passed passed and $skipped skipped', (expected) => {
    expect(faultOf(0, counts, expected)).toContain('expected');
  });
});

describe('plan()', () => {
  test('takes everything when nothing is named', () => {
    const { checks, runs } = plan([]);
    expect(checks).toEqual(['types', 'official-types', 'lint']);
    expect(new Set(runs.map((it) => it.suite))).toEqual(new Set(Object.keys(SUITES)));
  });

  test('takes every suite of a runtime that is named, and no check', () => {
    const { checks, runs } = plan(['bun']);
    expect(checks).toEqual([]);
    expect(runs.map((it) => `${it.suite} ${it.runtime}`)).toEqual([
      'kill bun',
      'client bun',
      'core bun',
      'listen bun',
    ]);
  });

  test('takes a suite only where it runs', () => {
    expect(plan(['lint', 'unit']).runs).toEqual([{ suite: 'unit', runtime: currentNode, named: false }]);
    expect(() => plan(['unit', 'bun'])).toThrow('no such suite runs on such a runtime');
  });

  test('names what can be run when it is asked for anything else', () => {
    expect(() => plan(['bunn'])).toThrow('Cannot run "bunn": the names are types, official-types, lint,');
  });
});

test('table() aligns one line a run and sorts them', () => {
  const row = { where: '', outcome: 'passed', note: '', ms: 1234 };
  expect(
    table([
      { ...row, what: 'unit', where: 'node20 20.20.2', counts },
      { ...row, what: 'lint', outcome: 'failed', note: 'exit code 1' },
      { ...row, what: 'client', where: 'node26', outcome: 'left out', note: 'not here' },
    ]),
  ).toBe(
    [
      'suite   runtime         passed  failed  skipped   time  outcome',
      'client  node26                                          left out: not here',
      'lint                                             1.2 s  failed: exit code 1',
      'unit    node20 20.20.2       3       0        1  1.2 s  passed',
    ].join('\n'),
  );
});
