import { isObject } from '../../src/protocol/json.ts';
import type { CelCase, PermCase, QueryStep, TransactStep } from './perm-case.ts';

/** A case that expects what does not come true, and what was altered for it. */
export interface Falsified {
  readonly what: string;
  readonly testCase: PermCase;
}

/** Keys of an expectation that do not say what is expected, but where, or how it is compared. */
const NO_EXPECTATION: readonly string[] = [
  ...['path', 'where', 'query', 'auth', 'rules', 'etype', 'absent', '$type'],
  ...['ordered', 'distinct', 'multiset', 'flatten', 'dropNull', 'ignoreCase'],
  ...['allowed', 'ok', 'compiles', 'perStep'],
];

/** A case in every wrong version: one that ends the other way, and one for each thing that is expected. */
export function falsify(testCase: PermCase): Falsified[] {
  const { action } = testCase;
  if (action === 'sequence') {
    return testCase.sequence.flatMap((step, at) =>
      falsifyStep(step).map(({ what, step: wrong }) => ({
        what: `sequence of ${what}`,
        testCase: { ...testCase, sequence: testCase.sequence.with(at, wrong) },
      })),
    );
  }
  if (action === 'transact' || action === 'query') {
    const { what, step } = theOtherWay(testCase);
    return [{ what, testCase: { ...testCase, ...step } as PermCase }, ...falsifyParts(testCase)];
  }
  const [what, wrong] = action === 'cel-eval' ? otherRule(testCase) : otherErrors(testCase.expect.ruleErrors);
  return [{ what, testCase: { ...testCase, expect: wrong } as PermCase }, ...falsifyParts(testCase)];
}

type Step = TransactStep | QueryStep;

function falsifyStep(step: Step): { what: string; step: Step }[] {
  return [
    theOtherWay(step),
    ...falsifyParts(step).map(({ what, testCase }) => ({ what, step: testCase as Step })),
  ];
}

function theOtherWay(step: Step): { what: string; step: Step } {
  if (step.action === 'query') {
    return step.expect.error
      ? { what: 'query: answered', step: { ...step, expect: {} } }
      : { what: 'query: refused', step: { ...step, expect: { error: {} } } };
  }
  const { allowed = true, error } = step.expect;
  return allowed && !error
    ? { what: 'transact: refused', step: { ...step, expect: { allowed: false } } }
    : { what: 'transact: allowed', step: { ...step, expect: { allowed: true } } };
}

function otherRule({ expect }: CelCase): [what: string, expect: CelCase['expect']] {
  if ('compileError' in expect) return ['cel-eval: compiles', { compiles: true }];
  if ('compiles' in expect) return ['cel-eval: does not compile', { compileError: {} }];
  return ['error' in expect ? 'cel-eval: evaluates' : 'cel-eval: fails', { error: { type: 'nothing' } }];
}

function otherErrors(errors: 'some' | unknown[]): [what: string, expect: object] {
  return errors.length > 0
    ? ['validate-rules: accepted', { ruleErrors: [] }]
    : ['validate-rules: refused', { ruleErrors: 'some' }];
}

/** Each value that is expected, replaced by another. */
function falsifyParts(testCase: Exclude<PermCase, { action: 'sequence' }> | Step): Falsified[] {
  return wrongVersions(testCase.expect, []).map(({ path, value }) => ({
    what: `${testCase.action}: ${path.filter((key) => !/^\d+$/.test(key)).join('.')}`,
    testCase: { ...testCase, expect: value } as PermCase,
  }));
}

function wrongVersions(
  value: unknown,
  path: readonly string[],
): { path: readonly string[]; value: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) =>
      wrongVersions(item, [...path, String(at)]).map((wrong) => ({
        ...wrong,
        value: value.with(at, wrong.value),
      })),
    );
  }
  if (!isObject(value)) return value === 'some' ? [] : [{ path, value: another(value) }];
  return Object.entries(value)
    .filter(([key]) => !NO_EXPECTATION.includes(key))
    .flatMap(([key, item]) =>
      wrongVersions(item, [...path, key]).map((wrong) => ({
        ...wrong,
        value: { ...value, [key]: wrong.value },
      })),
    );
}

function another(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  return typeof value === 'string' ? `${value} not` : 'not null';
}
