const COLUMNS = [
  ['runtime', 16],
  ['connection', 14],
  ['rows', 7],
  ['writes', 8],
  ['writes/s', 10],
  ['p50 ms', 8],
  ['p99 ms', 8],
  ['offline writes', 15],
  ['waiting', 8],
];

/** A table that is drawn over itself in a terminal, and one line a runtime and second elsewhere. */
export function createView(output) {
  const live = Boolean(output.isTTY);
  let drawn = 0;
  let lastPlain = 0;
  const table = (workers) => [header(), ...workers.map(row)];
  return {
    /** Draws the numbers of the workers as they are now. */
    draw(workers) {
      if (!live) {
        if (Date.now() - lastPlain < 1000) return;
        lastPlain = Date.now();
        for (const worker of workers) output.write(`${plain(worker)}\n`);
        return;
      }
      if (drawn > 0) output.write(`\u001b[${drawn}A`);
      const lines = table(workers);
      for (const line of lines) output.write(`\u001b[2K${line}\n`);
      drawn = lines.length;
    },
    /** Prints a line that stays. */
    say(line) {
      output.write(`${live && drawn > 0 ? '\u001b[2K' : ''}${line}\n`);
      drawn = 0;
    },
  };
}

function header() {
  return COLUMNS.map(([name, width]) => name.padEnd(width)).join('');
}

function row(worker) {
  const values = Object.values(numbers(worker));
  return COLUMNS.map(([, width], index) => String(values[index]).padEnd(width)).join('');
}

function plain(worker) {
  const { name, status, rows, writes, perSecond, p50, p99, queued, waiting } = numbers(worker);
  return `${name}: ${status}, ${rows} rows, ${writes} writes, ${perSecond}/s, p50 ${p50} ms, p99 ${p99} ms, ${queued} written offline, ${waiting} waiting`;
}

function numbers({ label, progress, startedAt, endedAt }) {
  const seconds = Math.max(0.001, ((endedAt ?? Date.now()) - startedAt) / 1000);
  return {
    name: label,
    status: progress.status,
    rows: progress.rows,
    writes: progress.writes,
    perSecond: (progress.writes / seconds).toFixed(0),
    p50: progress.p50.toFixed(1),
    p99: progress.p99.toFixed(1),
    queued: progress.queued,
    waiting: progress.waiting,
  };
}
