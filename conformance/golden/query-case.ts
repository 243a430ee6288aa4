import { isDeepStrictEqual } from 'node:util';
import type { QueryCase } from './cases.ts';
import { differences, matches, type NamedAnswer, sameForms } from './compare-answer.ts';
import type { OpenCase } from './fixture.ts';
import { unknownQueryCaseParts } from './known-parts.ts';
import { type ErrorExpectation, errorDifferences, type WireError } from './tx-expectations.ts';
import { refusalOf, type WireAnswer } from './wire-case.ts';

/** Asks a query in the app of a case. Throws a `WireRefusal` when the query is refused. */
export type Ask = (query: unknown) => Promise<WireAnswer>;

/** What of a query case does not hold, in words; empty when all of it does. */
export async function queryCaseDifferences(
  testCase: QueryCase,
  opened: OpenCase,
  ask: Ask,
): Promise<string[]> {
  const unknown = unknownQueryCaseParts(testCase);
  if (unknown.length > 0) return unknown.map((part) => `unknown to the runner: ${part}`);
  const asked = async (query: unknown): Promise<WireAnswer> => ask(await withCursors(testCase, query, ask));
  // A case may write an entity by its id, or by either of two names.
  const { error, sameAs, ...expected } = opened.toNames(opened.toIds(testCase.expect)) as QueryCase['expect'];
  let found: string[] = [];
  const refused = await refusalOf(async () => {
    const answer = await asked(testCase.query);
    found = differences(answer, expected);
    if (sameAs) found.push(...otherTree(answer, await asked(sameAs.query), sameAs.ordered));
  });
  if (!refused) return error ? ['answered, though an error is expected'] : found;
  return error ? refusalDifferences(opened, refused, error) : [`refused: ${JSON.stringify(refused)}`];
}

/** Fills in the cursors that a query takes from the pages of other queries, which may take some themselves. */
async function withCursors(testCase: QueryCase, query: unknown, ask: Ask): Promise<unknown> {
  if (Array.isArray(query)) return Promise.all(query.map((item) => withCursors(testCase, item, ask)));
  if (typeof query !== 'object' || query === null) return query;
  const entries = Object.entries(query);
  if (entries[0]?.[0] === '$cursor') return cursorOf(testCase, String(entries[0][1]), ask);
  const filled = entries.map(async ([key, value]) => [key, await withCursors(testCase, value, ask)]);
  return Object.fromEntries(await Promise.all(filled));
}

async function cursorOf(testCase: QueryCase, name: string, ask: Ask): Promise<unknown> {
  const spec = testCase.cursors?.[name];
  if (!spec) throw new Error(`No cursor "${name}" in this case`);
  const { rawPageInfo } = await ask(await withCursors(testCase, spec.query, ask));
  const cursor = rawPageInfo[spec.etype]?.[spec.which];
  // The server takes none for the start, which would be another query than the case has in mind.
  if (!Array.isArray(cursor)) throw new Error(`The page of cursor "${name}" has no ${spec.which}`);
  return cursor;
}

function otherTree({ tree }: NamedAnswer, { tree: other }: NamedAnswer, ordered: boolean): string[] {
  const isSame = ordered ? isDeepStrictEqual(tree, other) : sameForms(tree, other);
  return isSame ? [] : [`tree: got ${JSON.stringify(tree)}, and of the other query ${JSON.stringify(other)}`];
}

/** A hint of the cases may leave parts out, and say of a value no more than its kind. */
function refusalDifferences(opened: OpenCase, refused: WireError, expected: ErrorExpectation): string[] {
  const { hint, ...rest } = expected;
  const named = { ...refused, hint: opened.toNames(refused.hint) };
  const actual = (named.hint ?? {}) as Record<string, unknown>;
  const parts = Object.entries((hint ?? {}) as Record<string, unknown>);
  return [
    ...errorDifferences(named, { type: 'validation-failed', ...rest }),
    ...parts.flatMap(([key, value]) => (matches(actual[key], value) ? [] : [`hint has another ${key}`])),
  ];
}
