import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ what: string, where: string, outcome: 'passed' | 'failed' | 'left out', note: string,
 *   ms: number, counts?: Counts }} Row
 */

/**
 * Reads what Vitest's JSON reporter wrote; undefined when the run did not get that far.
 * @param {string} file
 * @returns {Counts | undefined}
 */
export function readCounts(file) {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that fails to load has no tests to fail.
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Why a run of Vitest does not count as passed; undefined when it does.
 * @param {number | null} code
 * @param {Counts | undefined} counts
 * @param {{ passed: number, skipped: number } | undefined} expected
 */
export function faultOf(code, counts, expected) {
  if (code === null) return 'did not finish';
  if (counts === undefined) return `exit code ${code}, no report`;
  if (counts.failed > 0) return `${counts.failed} failed`;
  if (counts.passed === 0) return 'no test ran';
  if (code !== 0) return `exit code ${code}`;
  if (expected && (counts.passed !== expected.passed || counts.skipped !== expected.skipped)) {
    return `expected ${expected.passed} passed and ${expected.skipped} skipped`;
  }
  return undefined;
}

/**
 * One line a run.
 * @param {Row[]} rows
 * @returns {string}
 */
export function table(rows) {
  const sorted = rows.toSorted((a, b) => a.what.localeCompare(b.what) || a.where.localeCompare(b.where));
  const lines = sorted.map((row) => [
    row.what,
    row.where,
    row.counts ? String(row.counts.passed) : '',
    row.counts ? String(row.counts.failed) : '',
    row.counts ? String(row.counts.skipped) : '',
    row.outcome === 'left out' ? '' : `${(row.ms / 1000).toFixed(1)} s`,
    row.note ? `${row.outcome}: ${row.note}` : row.outcome,
  ]);
  const all = [['suite', 'runtime', 'passed', 'failed', 'skipped', 'time', 'outcome'], ...lines];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  const isNumber = (column) => column >= 2 && column <= 5;
  const format = (line) =>
    line
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return all.map(format).join('\n');
}
