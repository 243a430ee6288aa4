import { isDeepStrictEqual } from 'node:util';
import { expectedError, isAdmin, type TxCase } from './cases.ts';
import type { GoldenCase, NamedTriple, OpenCase } from './fixture.ts';
import { unknownOutcomeParts, unknownTxCaseParts } from './known-parts.ts';
import {
  answerDifferences,
  attrDifferences,
  type ErrorExpectation,
  entityDifferences,
  errorDifferences,
  type TxExpectation,
  type TxQueryExpectation,
  tripleDifferences,
  type WireAttr,
  type WireError,
} from './tx-expectations.ts';

type Auth = GoldenCase['auth'];

/** The app of one case, however it is reached. */
export interface CaseApp {
  readonly opened: OpenCase;
  /** Makes sure that somebody can ask; whatever that writes is written then. */
  signIn(auth: Auth): Promise<unknown>;
  /** Runs a transaction; what it is refused with, where it is. */
  refusal(steps: unknown, auth: Auth): Promise<WireError | undefined>;
  /** The answer to a query as an object tree, as the case's layer gets it. */
  answer(query: unknown, options: { auth: Auth; layer?: string | undefined }): Promise<{ tree: unknown }>;
  /** Puts rules in force, null for none; what they are refused with, where they are. */
  setRules(rules: unknown): Promise<WireError | undefined>;
  /** The attributes as clients see them, and the triples of these. */
  stored(): Promise<{ attrs: WireAttr[]; triples: NamedTriple[] }>;
  /** All that is stored. */
  everything(): unknown;
}

/** What of a transaction case does not hold, in words; empty when all of it does. */
export async function txDifferences(app: CaseApp, testCase: TxCase): Promise<string[]> {
  const unknown = [...unknownTxCaseParts(testCase), ...unknownOutcomeParts(testCase.expect)];
  if (unknown.length > 0) return unknown.map((part) => `unknown to the runner: ${part}`);
  const { steps, layer } = testCase;
  const auth = isAdmin(testCase) ? { admin: true } : (testCase.auth ?? null);
  await app.signIn(auth);
  const before = app.everything();
  const refused = await app.refusal(steps, auth);
  if (!testCase.expect.error) {
    if (refused) return [`refused: ${JSON.stringify(refused)}`];
    return outcomeDifferences(app, testCase.expect, layer);
  }
  if (!refused) return ['went through, though the case expects an error'];
  const isUnchanged = isDeepStrictEqual(app.everything(), before);
  return [
    ...errorDifferences(refused, errorOf(app.opened, testCase)),
    ...(isUnchanged ? [] : ['refused, and yet something has changed']),
  ];
}

/** The error that a case expects, with ids for names. */
export function errorOf(opened: OpenCase, testCase: TxCase): ErrorExpectation {
  return opened.toIds(expectedError(testCase.expect.error ?? {}, testCase)) as ErrorExpectation;
}

/** What does not hold of a case's app after its transaction, in words. */
export async function outcomeDifferences(
  app: CaseApp,
  expected: TxExpectation,
  layer?: string,
): Promise<string[]> {
  const { opened } = app;
  const { triples, queries = [], entities } = inNames(opened, expected);
  const stored = await app.stored();
  const found = [
    ...tripleDifferences(stored.triples, triples ?? []),
    ...entityDifferences(stored.triples, entities),
    ...(expected.attrs ? attrDifferences(stored.attrs, inIds(opened, expected.attrs)) : []),
  ];
  // One after the other: the rules may change in between.
  for (const query of queries) found.push(...(await queryDifferences(app, query, layer)));
  return found;
}

/** An expectation in which an entity that has a name goes by it, even where the case gives its id. */
function inNames(opened: OpenCase, { attrs: _, ...expected }: TxExpectation): TxExpectation {
  return opened.toNames(opened.toIds(expected)) as TxExpectation;
}

function inIds(opened: OpenCase, { byId, ...attrs }: AttrsExpectation): AttrsExpectation {
  const entries = Object.entries(byId ?? {}).map(([id, parts]) => [opened.toIds(id), opened.toIds(parts)]);
  return { ...(opened.toIds(attrs) as AttrsExpectation), byId: Object.fromEntries(entries) };
}

type AttrsExpectation = NonNullable<TxExpectation['attrs']>;

async function queryDifferences(
  app: CaseApp,
  query: TxQueryExpectation,
  layer: string | undefined,
): Promise<string[]> {
  const refused = query.rules === undefined ? undefined : await app.setRules(query.rules);
  if (refused) return [`the rules are refused: ${refused.message}`];
  const { tree } = await app.answer(query.query, { auth: query.auth ?? null, layer });
  return answerDifferences(tree, query);
}
