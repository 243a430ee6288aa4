/** @param {import('./measure.mjs').Figure[]} figures */
export function table(figures) {
  const head = ['what', 'measured', 'wanted', 'holds'];
  const lines = figures.map(({ what, value, wanted, unit, holds, id, note }) => [
    note ? `${what} (${note})` : what,
    amount(value, unit),
    `${id === 'lookup' ? '≤' : '<'} ${wanted.toLocaleString('en')} ${unit}`,
    holds ? 'yes' : 'NO',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  return [head, ...lines].map((line) => row(line, widths)).join('\n');
}

function row(line, widths) {
  return line
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
    .join('  ');
}

function amount(value, unit) {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`;
}
