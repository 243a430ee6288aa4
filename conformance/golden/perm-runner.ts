import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../src/protocol/json.ts';
import type { Bench } from './bench.ts';
import { celDifferences } from './cel-runner.ts';
import { unknownPermCaseParts } from './known-perm-parts.ts';
import type { PermCase, QueryStep, RulesCase, TransactStep } from './perm-case.ts';
import { askedDifferences, refusalDifferences } from './query-case.ts';
import type { ErrorExpectation } from './tx-expectations.ts';
import { outcomeDifferences } from './tx-run.ts';
import { splitSetup } from './upload.ts';
import { type AskOptions, WireCase } from './wire-case.ts';

/** What of a case does not hold over the wire, in words; empty when all of it does. */
export async function permDifferences(bench: Bench, testCase: PermCase): Promise<string[]> {
  const unknown = unknownPermCaseParts(testCase);
  if (unknown.length > 0) return unknown.map((part) => `unknown to the runner: ${part}`);
  const dataset = datasetOf(testCase);
  const { setup, uploads } = splitSetup(testCase.setup);
  const opened = { ...testCase, dataset, setup, rules: null };
  await using wire = new WireCase(bench.backend, bench.folder, opened);
  for (const op of uploads) await wire.upload(op);
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
        : await queryDifferences(wire, step, { ...step, layer: layer ?? step.layer });
    found.push(...list);
  }
  return found;
}

async function queryDifferences(wire: WireCase, step: QueryStep, options: AskOptions): Promise<string[]> {
  return askedDifferences(step, wire.opened, (query) => wire.answer(query, options));
}

async function transactDifferences(wire: WireCase, step: TransactStep): Promise<string[]> {
  const { allowed, error } = step.expect;
  const isRaw = step.via === 'raw' || step.flags?.includes('raw-transact');
  const auth = isRaw ? { admin: true } : step.auth;
  await wire.signIn(auth);
  const before = wire.everything();
  const refused = await wire.refusal(withoutEmptyParams(step.steps), auth, step.api);
  if (allowed !== false && !error) {
    return refused ? [`refused: ${refused.message}`] : outcomeDifferences(wire, step.expect);
  }
  if (!refused) return ['went through, though it is not allowed'];
  const isUnchanged = isDeepStrictEqual(wire.everything(), before);
  return [
    ...(isUnchanged ? [] : ['refused, and yet something has changed']),
    ...refusalDifferences(wire.opened, refused, expectedRefusal(step)),
  ];
}

/** What is not allowed is denied, unless the case says otherwise; a storage's own types of error do not count. */
function expectedRefusal({ flags = [], expect }: TransactStep): ErrorExpectation {
  const { type, ...rest } = expect.error ?? { type: 'permission-denied' };
  return type === undefined || flags.includes('storage-specific-error') ? rest : { type, ...rest };
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
