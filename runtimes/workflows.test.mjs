import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHECKS, plan, SUITES } from './plan.mjs';

const folder = new URL('../.github/workflows/', import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');

test('the jobs of check.yml and test.yml are together what .ci/run runs', () => {
  const [, checks = ''] = /run: \.ci\/run ([\w -]+)$/m.exec(read('check.yml')) ?? [];
  expect(plan(checks.split(' '))).toEqual({ checks: Object.keys(CHECKS), runs: [] });

  expect(read('test.yml')).toMatch(/run: \.ci\/run \$\{\{ matrix\.runtime \}\}$/m);
  const [, runtimes = ''] = /runtime: \[(.+)\]/.exec(read('test.yml')) ?? [];
  const { runs } = plan(runtimes.split(', '));
  const everywhere = Object.values(SUITES).flatMap((suite) => suite.runtimes);
  expect(runs).toHaveLength(everywhere.length);
});

test.each(readdirSync(folder))(
  '%s pins the actions that it uses, and may read alone unless a job says so',
  (name) => {
    const text = read(name);
    for (const [line] of text.matchAll(/uses: .*/g))
      expect(line).toMatch(/^uses: [\w/-]+@[0-9a-f]{40} # v\d/);
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m);
  },
);
