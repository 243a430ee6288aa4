import { describe, expect, test } from 'vitest';
import { VISITOR } from '../../src/backend/actor.ts';
import { describedEntity } from '../../src/backend/permissions/entity-sources.ts';
import { Permissions, Rules, ruleIssues } from '../../src/backend/permissions/index.ts';
import { createAppData } from '../../src/backend/store/app-data.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import { differences, matches, type NamedAnswer } from './compare-answer.ts';
import { loadCases } from './fixture.ts';
import { type PermCase, type PermStep, RuledCase, refusalOf } from './perm-runner.ts';
import {
  answerDifferences,
  attrDifferences,
  type ErrorExpectation,
  entityDifferences,
  errorDifferences,
  tripleDifferences,
  type WireAttr,
  type WireError,
} from './tx-expectations.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<PermCase>(folder, 'perm-cases.json');

/** Actions that are asked for over HTTP, and are tested where that is. */
const OVER_HTTP: Readonly<Record<string, string>> = {
  signup: 'sign-ups go through the auth endpoints',
  'file-upload': 'uploads go through the storage endpoints',
  'file-delete': 'deletions of files go through the storage endpoints',
};

const overHttp = cases.filter(({ action }) => Object.hasOwn(OVER_HTTP, action));
const run = cases.filter(({ action }) => !Object.hasOwn(OVER_HTTP, action));

function isError(outcome: NamedAnswer | WireError): outcome is WireError {
  return 'message' in outcome;
}

/** What of a step's expectation does not hold, in words. */
function stepDifferences(ruled: RuledCase, step: PermStep): string[] {
  return step.action === 'transact' ? transactDifferences(ruled, step) : queryDifferences(ruled, step);
}

function queryDifferences(ruled: RuledCase, step: PermStep): string[] {
  const outcome = ruled.answer(step);
  const { error, ...expected } = step.expect;
  if (isError(outcome)) return error ? refusalDifferences(outcome, error) : [`refused: ${outcome.message}`];
  return error ? ['answered, though an error is expected'] : differences(outcome, expected);
}

function transactDifferences(ruled: RuledCase, step: PermStep): string[] {
  const { allowed = true, error } = step.expect;
  const before = ruled.everything();
  const refused = ruled.refusal(step);
  if (allowed && !error) return refused ? [`refused: ${refused.message}`] : outcomeDifferences(ruled, step);
  if (!refused) return ['went through, though it is not allowed'];
  expect(ruled.everything()).toEqual(before);
  return refusalDifferences(refused, { type: 'permission-denied', ...error });
}

/** A hint of the cases may say of a value no more than its kind. */
function refusalDifferences(refused: WireError, { hint, ...expected }: ErrorExpectation): string[] {
  const parts = Object.entries((hint ?? {}) as Record<string, unknown>);
  const actual = (refused.hint ?? {}) as Record<string, unknown>;
  return [
    ...errorDifferences(refused, expected),
    ...parts.flatMap(([key, value]) => (matches(actual[key], value) ? [] : [`hint has another ${key}`])),
  ];
}

function outcomeDifferences(ruled: RuledCase, { expect: expected }: PermStep): string[] {
  const { opened } = ruled;
  const { triples = [], queries = [], attrs, entities = [] } = expected;
  const list = opened.data.catalog.list();
  const stored = list.flatMap((attr) =>
    [...opened.data.triples.attr(attr.id)].map(opened.nameTriple, opened),
  );
  return [
    ...tripleDifferences(stored, triples),
    ...(attrs ? attrDifferences(list as unknown as WireAttr[], opened.toIds(attrs) as typeof attrs) : []),
    ...entityDifferences(stored, entities),
    ...queries.flatMap((query) => {
      if (query.rules !== undefined) ruled.setRules(query.rules);
      const answer = ruled.answer(query);
      if (isError(answer)) return [`refused: ${answer.message}`];
      const { entities: wanted } = query;
      return [
        ...answerDifferences(answer.tree, query),
        ...differences(answer, { ...(wanted && { entities: wanted }) }),
      ];
    }),
  ];
}

function ruleDifferences({ rules, expect: { ruleErrors } }: PermCase): string[] {
  const issues = ruleIssues(rules);
  if (ruleErrors === 'some') return issues.length > 0 ? [] : ['accepted, though an error is expected'];
  expect(issues).toEqual(ruleErrors);
  return [];
}

/** A rule for an action that Instant does not have is compiled as one that writes. */
function celDifferences({
  code = '',
  ruleAction,
  bindings,
  requestTime,
  expect: expected,
}: PermCase): string[] {
  const action = ruleAction === 'view' || ruleAction === 'update' ? ruleAction : 'create';
  const rules = new Rules({ things: { allow: { [action]: code } } });
  const notCompiled = refusalOf(() => rules.program('things', action));
  if (expected.compileError) {
    return notCompiled ? errorDifferences(notCompiled, expected.compileError) : ['compiles'];
  }
  if (notCompiled) return [`does not compile: ${notCompiled.message}`];
  if (expected.compiles) return [];
  const { catalog, triples: reader } = createAppData();
  const source = { catalog, reader };
  const now = Date.parse(requestTime ?? '2025-01-01T00:00:00Z');
  const ruleRun = new Permissions({ now: () => now }).run(source, VISITOR, { rules });
  let result: unknown;
  const failed = refusalOf(() => {
    const program = rules.program('things', action);
    if (!program) throw new Error('No rule was found');
    const data = describedEntity(source, 'things', bindings?.data as JsonObject | undefined);
    result = ruleRun.evaluate(program, { data });
  });
  if (expected.error) return failed ? errorDifferences(failed, expected.error) : ['evaluated'];
  if (failed) return [`failed: ${failed.message}`];
  return result === expected.result ? [] : [`came to ${result}`];
}

function caseDifferences(testCase: PermCase): string[] {
  switch (testCase.action) {
    case 'validate-rules':
      return ruleDifferences(testCase);
    case 'cel-eval':
      return celDifferences(testCase);
    case 'transact':
    case 'query':
      return stepDifferences(new RuledCase(folder, testCase), testCase);
    case 'sequence': {
      const ruled = new RuledCase(folder, testCase);
      return (testCase.sequence ?? []).flatMap((step) => stepDifferences(ruled, step));
    }
    default:
      throw new Error(`Unknown action in a golden case: ${testCase.action}`);
  }
}

describe('golden permission cases', () => {
  test.each(run.map((testCase) => [testCase.id, testCase] as const))('%s', (_, testCase) => {
    expect(caseDifferences(testCase)).toEqual([]);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run, or left out by its action', () => {
    const counts = Object.fromEntries(
      [...new Set(cases.map(({ action }) => action))].map((action) => [
        action,
        cases.filter((testCase) => testCase.action === action).length,
      ]),
    );
    expect(counts).toEqual({
      transact: 245,
      query: 22,
      'validate-rules': 15,
      'cel-eval': 11,
      sequence: 2,
      signup: 7,
      'file-upload': 3,
      'file-delete': 3,
    });
    expect(overHttp.length).toBe(13);
    expect(run.length + overHttp.length).toBe(cases.length);
  });
});
