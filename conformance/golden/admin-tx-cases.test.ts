import { startBackend } from '@instantdb/node/backend';
import { describe, expect, test } from 'vitest';
import { type GoldenCase, loadCases, openCase } from './fixture.ts';
import { contentOf } from './protocol-runner.ts';
import { type ErrorExpectation, errorDifferences, type WireError } from './tx-expectations.ts';

interface AdminTxCase extends GoldenCase {
  api?: 'admin';
  expect: { error?: ErrorExpectation };
}

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<AdminTxCase>(folder, 'tx-cases.json').filter(({ api }) => api === 'admin');

describe('golden transaction cases of the admin API', () => {
  test.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', async (_, testCase) => {
    const { error } = testCase.expect;
    if (!error) throw new Error('Only refusals are expected of the admin API so far');
    const opened = openCase(folder, testCase);
    await using backend = await startBackend();
    const app = backend.createApp();
    app.load(contentOf(opened));
    const before = app.snapshot();
    const response = await fetch(`${backend.url}/admin/transact`, {
      method: 'POST',
      headers: { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` },
      body: JSON.stringify({ steps: opened.toIds(testCase.steps) }),
    });
    expect(response.status).toBe(400);
    expect(errorDifferences((await response.json()) as WireError, error)).toEqual([]);
    expect(app.snapshot()).toEqual(before);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
    expect(cases).toHaveLength(4);
  });
});
