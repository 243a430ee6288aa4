import { median, quantile } from './statistics.mjs';

/**
 * @typedef {{ median: number, low: number, high: number }} Ratio
 *   over the rounds: the middle one, and those that a tenth of them are below and above
 * @typedef {{ id: string, what: string, ms: Record<string, number>, toCore: Ratio, toEcho?: Ratio }} Row
 *   `ms` are medians over the rounds
 */

/**
 * Sums up the rounds of one measurement. A ratio is taken within each round: what the machine does besides changes from
 * one round to the next, and less within one.
 * @param {import('./measure.mjs').Series} series
 * @returns {Row}
 */
export function summarize({ id, what, values }) {
  const ms = {};
  for (const [subject, rounds] of Object.entries(values)) ms[subject] = median(rounds);
  return {
    id,
    what,
    ms,
    toCore: ratio(values.ours, values.core),
    ...(values.echo && { toEcho: ratio(values.ours, values.echo) }),
  };
}

/** @returns {Ratio} of what two subjects took in the same rounds */
export function ratio(ours, theirs) {
  const each = ours.map((value, round) => value / theirs[round]);
  return { median: median(each), low: quantile(each, 0.1), high: quantile(each, 0.9) };
}

/** @param {Row[]} rows */
export function table(rows) {
  const head = ['ms', 'ours', 'core', 'ws echo', 'ours/core', '', 'ours/echo', ''];
  const lines = rows.map(({ what, ms, toCore, toEcho }) => [
    what,
    figure(ms.ours),
    figure(ms.core),
    figure(ms.echo),
    ...cells(toCore),
    ...cells(toEcho),
  ]);
  return aligned([head, ...lines]);
}

/** Lines of cells in columns, the first of them to the left. */
export function aligned(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function figure(ms) {
  if (ms === undefined) return '';
  return ms < 10 ? ms.toFixed(3) : ms.toFixed(1);
}

/** Two cells: the median, and what the middle 80 % of the rounds gave. */
export function cells(ratio) {
  if (ratio === undefined) return ['', ''];
  return [ratio.median.toFixed(2), `(${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`];
}
