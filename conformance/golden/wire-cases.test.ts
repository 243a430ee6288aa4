import { type Backend, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectedError, isAdmin, type QueryCase, refusedByValidation, type TxCase } from './cases.ts';
import type { Ask } from './cursors.ts';
import { caseNow, type GoldenCase, loadCases } from './fixture.ts';
import { unknownOutcomeParts } from './known-parts.ts';
import { queryCaseDifferences } from './query-case.ts';
import { type ErrorExpectation, errorDifferences } from './tx-expectations.ts';
import { unreachable, WireCase } from './wire-case.ts';
import { outcomeDifferences } from './wire-outcome.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const queryCases = loadCases<QueryCase>(folder, 'query-cases.json');
const txCases = loadCases<TxCase>(folder, 'tx-cases.json');

const OVER_ADMIN_API = 'admin-tx-cases.test.ts runs it over the admin API';

/** Why a case is not run here, by its id. */
const notRun = new Map<string, string>();
for (const testCase of [...queryCases, ...txCases]) {
  const reason = unreachable(folder, testCase);
  if (reason !== undefined) notRun.set(testCase.id, reason);
}
for (const { id, api } of txCases) {
  if (api === 'admin') notRun.set(id, OVER_ADMIN_API);
}

const isRun = ({ id }: GoldenCase): boolean => !notRun.has(id);
const isRefused = ({ id }: GoldenCase): boolean => Object.hasOwn(refusedByValidation, id);
const queries = queryCases.filter(isRun);
const transactions = txCases.filter((testCase) => isRun(testCase) && !isRefused(testCase));
const belowValidation = txCases.filter((testCase) => isRun(testCase) && isRefused(testCase));

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ now: caseNow });
});
afterAll(() => backend.close());

async function runQueryCase(testCase: QueryCase): Promise<void> {
  await using wire = new WireCase(backend, folder, testCase);
  const ask: Ask = (query) => wire.answer(query, testCase);
  expect(await queryCaseDifferences(testCase, wire.opened, ask)).toEqual([]);
}

function refusal(wire: WireCase, testCase: TxCase): ReturnType<WireCase['refusal']> {
  return wire.refusal(testCase.steps, isAdmin(testCase) ? { admin: true } : testCase.auth);
}

async function runTxCase(testCase: TxCase): Promise<void> {
  expect(unknownOutcomeParts(testCase.expect)).toEqual([]);
  await using wire = new WireCase(backend, folder, testCase);
  const before = wire.everything();
  const error = await refusal(wire, testCase);
  if (!testCase.expect.error) {
    expect(error).toBeUndefined();
    expect(await outcomeDifferences(wire, testCase.expect, testCase.layer)).toEqual([]);
    return;
  }
  if (!error) throw new Error('The transaction went through, though the case expects an error');
  const expected = wire.opened.toIds(expectedError(testCase.expect.error, testCase)) as ErrorExpectation;
  expect(errorDifferences(error, expected)).toEqual([]);
  expect(wire.everything()).toEqual(before);
}

function titled<Case extends GoldenCase>(cases: readonly Case[]): [string, Case][] {
  return cases.map((testCase) => [testCase.id, testCase]);
}

describe('golden cases over the wire', () => {
  test.each(titled(queries))('over the wire: %s', (_, testCase) => runQueryCase(testCase));

  test.each(titled(transactions))('over the wire: %s', (_, testCase) => runTxCase(testCase));

  test.each(titled(belowValidation))('over the wire: %s is refused', async (_, testCase) => {
    await using wire = new WireCase(backend, folder, testCase);
    const before = wire.everything();
    expect(await refusal(wire, testCase)).toMatchObject({
      type: 'validation-failed',
      message: 'Validation failed for tx-steps',
    });
    expect(wire.everything()).toEqual(before);
  });

  test('every case is run, or left out with a reason', async ({ annotate }) => {
    for (const [id, reason] of notRun) await annotate(`${id}: ${reason}`, 'left out');
    const run = queries.length + transactions.length + belowValidation.length;
    expect(run + notRun.size).toBe(queryCases.length + txCases.length);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('so many are run', () => {
    expect({
      queries: queries.length,
      transactions: transactions.length,
      belowValidation: belowValidation.length,
      notRun: [...notRun.values()],
    }).toEqual({
      queries: 160,
      transactions: 105,
      belowValidation: 2,
      notRun: Array<string>(4).fill(OVER_ADMIN_API),
    });
  });
});
