import { isDeepStrictEqual } from 'node:util';
import type { QueryCase } from './cases.ts';
import { differences, matches, type NamedAnswer, sameForms } from './compare-answer.ts';
import { type Ask, withCursors } from './cursors.ts';
import type { OpenCase } from './fixture.ts';
import { unknownQueryCaseParts } from './known-parts.ts';
import { type ErrorExpectation, errorDifferences, type WireError } from './tx-expectations.ts';
import { refusalOf, type WireAnswer } from './wire-case.ts';

/** What of a query case does not hold, in words; empty when all of it does. */
export async function queryCaseDifferences(
  testCase: QueryCase,
  opened: OpenCase,
  ask: Ask,
): Promise<string[]> {
  const unknown = unknownQueryCaseParts(testCase);
  if (unknown.length > 0) return unknown.map((part) => `unknown to the runner: ${part}`);
  const { error } = testCase.expect;
  const expect = error
    ? { ...testCase.expect, error: { type: 'validation-failed', ...error } }
    : testCase.expect;
  return askedDifferences({ ...testCase, expect }, opened, ask);
}

/** What of an expected answer, or refusal, does not hold once a query is asked, in words. */
export async function askedDifferences(
  { query, cursors, expect }: Pick<QueryCase, 'query' | 'cursors' | 'expect'>,
  opened: OpenCase,
  ask: Ask,
): Promise<string[]> {
  const asked = async (q: unknown): Promise<WireAnswer> => ask(await withCursors(cursors, q, ask));
  // A case may write an entity by its id, or by either of two names.
  const { error, sameAs, ...expected } = opened.toNames(opened.toIds(expect)) as QueryCase['expect'];
  let found: string[] = [];
  const refused = await refusalOf(async () => {
    const answer = await asked(query);
    found = differences(answer, expected);
    if (sameAs) found.push(...otherTree(answer, await asked(sameAs.query), sameAs.ordered));
  });
  if (!refused) return error ? ['answered, though an error is expected'] : found;
  return error ? refusalDifferences(opened, refused, error) : [`refused: ${JSON.stringify(refused)}`];
}

function otherTree({ tree }: NamedAnswer, { tree: other }: NamedAnswer, ordered: boolean): string[] {
  const isSame = ordered ? isDeepStrictEqual(tree, other) : sameForms(tree, other);
  return isSame ? [] : [`tree: got ${JSON.stringify(tree)}, and of the other query ${JSON.stringify(other)}`];
}

/** A hint of the cases may leave parts out, and say of a value no more than its kind. */
export function refusalDifferences(
  opened: OpenCase,
  refused: WireError,
  expected: ErrorExpectation,
): string[] {
  const { hint, ...rest } = expected;
  const named = opened.toNames(refused) as WireError;
  const actual = (named.hint ?? {}) as Record<string, unknown>;
  const parts = Object.entries((hint ?? {}) as Record<string, unknown>);
  return [
    ...errorDifferences(named, rest),
    ...parts.flatMap(([key, value]) => (matches(actual[key], value) ? [] : [`hint has another ${key}`])),
  ];
}
