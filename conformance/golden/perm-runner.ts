import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../../src/protocol/json.ts';
import type { Bench } from './bench.ts';
import { celDifferences } from './cel-runner.ts';
import { differences, matches } from './compare-answer.ts';
import { unknownAnswerParts, unknownOutcomeParts } from './known-parts.ts';
import type { PermCase, QueryStep, RulesCase, TransactStep } from './perm-case.ts';
import { type ErrorExpectation, errorDifferences, type WireError } from './tx-expectations.ts';
import { outcomeDifferences } from './tx-run.ts';
import { type AskOptions, refusalOf, WireCase } from './wire-case.ts';

/** What of a case does not hold over the wire, in words; empty when all of it does. */
export async function permDifferences(bench: Bench, testCase: PermCase): Promise<string[]> {
  const unknown = unknownParts(testCase);
  if (unknown.length > 0) return unknown.map((part) => `unknown to the runner: ${part}`);
  const dataset = datasetOf(testCase);
  await using wire = new WireCase(bench.backend, bench.folder, { ...testCase, dataset, rules: null });
  switch (testCase.action) {
    case 'validate-rules':
      return ruleDifferences(wire, testCase);
    case 'cel-eval':
      return celDifferences(bench, wire, testCase);
    default:
      return stepDifferences(wire, testCase);
  }
}

/** Rules alone are tried on an app without data. */
function datasetOf({ dataset, action }: PermCase): string {
  return action === 'validate-rules' || action === 'cel-eval' ? 'empty' : dataset;
}

/** The transactions and queries of a case, in order. */
function stepsOf(testCase: PermCase): (TransactStep | QueryStep)[] {
  if (testCase.action === 'sequence') return testCase.sequence;
  return testCase.action === 'transact' || testCase.action === 'query' ? [testCase] : [];
}

function unknownParts(testCase: PermCase): string[] {
  return stepsOf(testCase).flatMap(({ action, expect }) =>
    action === 'transact' ? unknownOutcomeParts(expect) : unknownAnswerParts(expect),
  );
}

async function stepDifferences(
  wire: WireCase,
  testCase: Exclude<PermCase, { action: 'validate-rules' | 'cel-eval' }>,
): Promise<string[]> {
  const { rules = null } = testCase;
  const refused = await wire.setRules(rules);
  if (refused) return [`the rules are refused: ${refused.message}`];
  // Asking for the rows and for the tree would take a rate limit's tokens twice.
  const layer = isObject(rules) && '$rateLimits' in rules ? 'client' : undefined;
  const found: string[] = [];
  for (const step of stepsOf(testCase)) {
    const list =
      step.action === 'transact'
        ? await transactDifferences(wire, step)
        : await queryDifferences(wire, step, { auth: step.auth, layer });
    found.push(...list);
  }
  return found;
}

async function queryDifferences(wire: WireCase, step: QueryStep, options: AskOptions): Promise<string[]> {
  const { error, ...expected } = step.expect;
  let found: string[] = [];
  const refused = await refusalOf(async () => {
    found = differences(await wire.answer(step.query, options), expected);
  });
  if (!refused) return error ? ['answered, though an error is expected'] : found;
  return error ? refusalDifferences(refused, error) : [`refused: ${refused.message}`];
}

async function transactDifferences(wire: WireCase, step: TransactStep): Promise<string[]> {
  const { allowed = true, error } = step.expect;
  await wire.signIn(step.auth);
  const before = wire.everything();
  const refused = await wire.refusal(withoutEmptyParams(step.steps), step.auth);
  if (allowed && !error) {
    return refused ? [`refused: ${refused.message}`] : outcomeDifferences(wire, step.expect);
  }
  if (!refused) return ['went through, though it is not allowed'];
  const isUnchanged = isDeepStrictEqual(wire.everything(), before);
  return [
    ...(isUnchanged ? [] : ['refused, and yet something has changed']),
    ...refusalDifferences(refused, { type: 'permission-denied', ...error }),
  ];
}

/** A hint of the cases may leave parts out, and say of a value no more than its kind. */
function refusalDifferences(refused: WireError, { hint, ...expected }: ErrorExpectation): string[] {
  const parts = Object.entries((hint ?? {}) as JsonObject);
  const actual = (refused.hint ?? {}) as JsonObject;
  return [
    ...errorDifferences(refused, expected),
    ...parts.flatMap(([key, value]) => (matches(actual[key], value) ? [] : [`hint has another ${key}`])),
  ];
}

async function ruleDifferences(wire: WireCase, { rules, expect }: RulesCase): Promise<string[]> {
  const { ruleErrors } = expect;
  const refused = await wire.pushRules(rules);
  if (!refused) {
    if (ruleErrors === 'some' || ruleErrors.length > 0) return ['accepted, though an error is expected'];
    const inForce = wire.app.snapshot().rules;
    return isDeepStrictEqual(inForce, rules) ? [] : [`in force are ${JSON.stringify(inForce)}`];
  }
  if (refused.type !== 'validation-failed') return [`refused: ${refused.message}`];
  const { errors } = refused.hint as { errors: unknown[] };
  if (ruleErrors === 'some' && errors.length > 0) return [];
  return isDeepStrictEqual(errors, ruleErrors) ? [] : [`errors are ${JSON.stringify(errors)}`];
}

/** Some sources hand null to the rules of an entity, below the validation that asks for an object. */
function withoutEmptyParams(steps: unknown): unknown {
  if (!Array.isArray(steps)) return steps;
  return steps.filter((step: unknown[]) => !(step[0] === 'rule-params' && step.at(-1) === null));
}
