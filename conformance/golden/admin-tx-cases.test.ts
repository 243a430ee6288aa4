import { type Backend, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TxCase } from './cases.ts';
import { expectHolds } from './expect-holds.ts';
import { caseNow, loadCases } from './fixture.ts';
import { txDifferences } from './tx-run.ts';
import { AdminCase } from './wire-case.ts';

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<TxCase>(folder, 'tx-cases.json').filter(({ api }) => api === 'admin');

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend({ now: caseNow });
});
afterAll(() => backend.close());

describe('golden transaction cases of the admin API', () => {
  test.each(cases.map((testCase) => [testCase.id, testCase] as const))('%s', async (_, testCase) => {
    await using app = new AdminCase(backend, folder, testCase);
    expectHolds(await txDifferences(app, testCase));
  });

  test('tells of an outcome, too', async () => {
    const steps = [['update', 'goals', '00000000-0000-4000-8000-000000000001', { title: 'moop' }]];
    const query = { query: { goals: {} }, auth: { admin: true } };
    const wanting = (title: string): TxCase => ({
      ...{ id: 'own', source: 'here', dataset: 'empty', auth: { admin: true }, api: 'admin', steps },
      expect: { ok: true, queries: [{ ...query, values: [{ path: 'goals[*].title', equals: [title] }] }] },
    });
    await using app = new AdminCase(backend, import.meta.dirname, wanting('moop'));
    expect(await txDifferences(app, wanting('moop'))).toEqual([]);
    expect(await txDifferences(app, wanting('other'))).toHaveLength(1);
  });

  test('knows an attribute of which a case tells a part only', async () => {
    const attr = {
      id: '00000000-0000-4000-8000-000000000001',
      'forward-identity': ['00000000-0000-4000-8000-000000000002', 'books', 'test.isbn'],
      'unique?': false,
    };
    const testCase: TxCase = {
      ...{ id: 'own', source: 'here', dataset: 'zeneca', auth: { admin: true }, api: 'admin' },
      setup: [{ op: 'transact', steps: [['add-attr', attr]] }],
      steps: [['update', 'books', ['test.isbn', 'asdf'], { title: 'test' }]],
      expect: { error: { firstHintError: { message: 'test.isbn is not a unique attribute on books' } } },
    };
    await using app = new AdminCase(backend, import.meta.dirname, testCase);
    expect(await txDifferences(app, testCase)).toEqual([]);
  });

  test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
    expect(cases).toHaveLength(4);
  });
});
