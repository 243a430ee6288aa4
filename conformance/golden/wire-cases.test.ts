import { type Backend, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueryCase, TxCase } from './cases.ts';
import type { Ask } from './cursors.ts';
import { belowGrammar } from './direct-case.ts';
import { expectHolds } from './expect-holds.ts';
import { caseNow, type GoldenCase, loadCases } from './fixture.ts';
import { queryCaseDifferences } from './query-case.ts';
import { txDifferences } from './tx-run.ts';
import { unreachable, WireCase } from './wire-case.ts';

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
const queries = queryCases.filter(isRun);
/** Why a transaction cannot hold over the wire, by the case's id. */
const below = new Map<string, string>();
for (const testCase of txCases.filter(isRun)) {
  const reason = await belowGrammar(folder, testCase);
  if (reason !== undefined) below.set(testCase.id, reason);
}
const transactions = txCases.filter((testCase) => isRun(testCase) && !below.has(testCase.id));
const unsendable = txCases.filter(({ id }) => below.has(id));

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ now: caseNow });
});
afterAll(() => backend.close());

async function runQueryCase(testCase: QueryCase): Promise<void> {
  await using wire = new WireCase(backend, folder, testCase);
  const ask: Ask = (query) => wire.answer(query, testCase);
  expectHolds(await queryCaseDifferences(testCase, wire.opened, ask));
}

async function runTxCase(testCase: TxCase): Promise<void> {
  await using wire = new WireCase(backend, folder, testCase);
  expectHolds(await txDifferences(wire, testCase));
}

function titled<Case extends GoldenCase>(cases: readonly Case[]): [string, Case][] {
  return cases.map((testCase) => [testCase.id, testCase]);
}

describe('golden cases over the wire', () => {
  test.each(titled(queries))('over the wire: %s', (_, testCase) => runQueryCase(testCase));

  test.each(titled(transactions))('over the wire: %s', (_, testCase) => runTxCase(testCase));

  // The day one of them holds, it is to be run over the wire.
  test.each(unsendable.map((testCase) => [testCase.id, below.get(testCase.id), testCase] as const))(
    '%s does not hold over the wire, because %s',
    async (_, __, testCase) => {
      await expect(runTxCase(testCase)).rejects.toThrow();
    },
  );

  test('every case is run, or left out with a reason', async ({ annotate }) => {
    for (const [id, reason] of notRun) await annotate(`${id}: ${reason}`, 'left out');
    const run = queries.length + transactions.length + unsendable.length;
    expect(run + notRun.size).toBe(queryCases.length + txCases.length);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('so many are run', () => {
    expect({
      queries: queries.length,
      transactions: transactions.length,
      unsendable: unsendable.length,
      notRun: [...notRun.values()],
    }).toEqual({
      queries: 160,
      transactions: 105,
      unsendable: 2,
      notRun: Array<string>(4).fill(OVER_ADMIN_API),
    });
  });
});
