// node runtimes/run.mjs [check | suite | runtime]…   The names are in plan.mjs; none means everything.
// Runs each check, and each suite on each of its runtimes; prints what each said, then a table of them all,
// then the tests that failed and Vitest's own summary of all its runs.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateRuntime, needsBetterSqlite3 } from './locate.mjs';
import { ensureBetterSqlite3 } from './node/better-sqlite3.mjs';
import { locateChromium } from './official/chromium.mjs';
import { ensurePackages } from './packages.mjs';
import { CHECKS, currentNode, plan, REQUIRED_RUNTIMES, SUITES, secondsOf } from './plan.mjs';
import { pool, run } from './processes.mjs';
import { faultOf, readCounts, table } from './report.mjs';

const cwd = fileURLToPath(new URL('..', import.meta.url));
const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
/** For what hangs; a busy machine is slow. */
const timeoutMs = 1_800_000;
const env = {
  ...process.env,
  ...(process.stdout.isTTY && !process.env.NO_COLOR && { FORCE_COLOR: '1' }),
  DENO_NO_UPDATE_CHECK: '1',
};

const { checks, runs } = planOrExit(process.argv.slice(2));
const reports = mkdtempSync(join(tmpdir(), 'instant-node-tests-'));
process.on('exit', () => rmSync(reports, { recursive: true, force: true }));

const runtimes = new Map(
  [...new Set(runs.map((it) => it.runtime))].map((name) => [name, locateRuntime(name)]),
);
const sqlite =
  runtimes.has(currentNode) && needsBetterSqlite3()
    ? prepare('better-sqlite3', ensureBetterSqlite3)
    : undefined;
const chosen = [...checks.map((name) => CHECKS[name]), ...runs.map(({ suite }) => SUITES[suite])];
/** Rooms of packages, by what needs them; two installs at once would only take each other's time. */
const rooms = new Map();
for (const room of ['official', 'embedding']) {
  const need = `${room} packages`;
  if (!chosen.some((it) => it.needs?.includes(need))) continue;
  const before = [...rooms.values()].at(-1);
  rooms.set(
    need,
    Promise.resolve(before).then(() => prepare(need, () => ensurePackages(room))),
  );
}
const rows = await pool(
  [
    ...checks.map((name) => ({
      seconds: CHECKS[name].seconds,
      after: prepared(CHECKS[name]),
      run: () => runCheck(name),
    })),
    ...runs.map((it) => ({
      seconds: secondsOf(it),
      after: prepared(SUITES[it.suite], it.runtime),
      run: () => runSuite(it),
    })),
  ],
  // Two more than there are processors: nearly half of what a suite does is to wait, for a clock, a disk or a process.
  availableParallelism() + 2,
);
for (const preparation of [sqlite, ...rooms.values()]) if (preparation) rows.push(await preparation);

console.log(`\n${table(rows)}`);
if (existsSync(join(reports, 'blobs'))) console.log(await mergedSummary());
const failed = rows.filter((row) => row.outcome === 'failed');
if (failed.length > 0) {
  console.log(`\nFailed: ${failed.map((row) => `${row.what} ${row.where}`.trim()).join(', ')}`);
  process.exitCode = 1;
}

function planOrExit(names) {
  try {
    return plan(names);
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** Resolves when what is prepared for it has been, or cannot be; undefined when it needs nothing of the kind. */
function prepared({ needs = [] }, runtime) {
  const preparations = needs.flatMap((need) => rooms.get(need) ?? []);
  if (sqlite && runtime === currentNode) preparations.push(sqlite);
  return preparations.length > 0 ? Promise.all(preparations) : undefined;
}

async function runCheck(name) {
  const lack = await lackOf(CHECKS[name]);
  if (lack) return { what: name, where: '', ms: 0, ...leftOut(lack, false) };
  const command = [process.execPath, ...CHECKS[name].command];
  const { code, output, ms } = await run(command, { cwd, env, timeoutMs });
  const row = { what: name, where: '', ms, ...outcome(code === 0 ? undefined : `exit code ${code}`) };
  show(row, output);
  return row;
}

async function prepare(what, ensure) {
  const { reason, output, ms } = await ensure();
  const row = { what, where: currentNode, ms, ...(reason ? leftOut(reason, false) : outcome()) };
  if (reason) show(row, output);
  return row;
}

/** What a check or suite needs and this machine lacks; undefined when it can run. */
async function lackOf({ needs = [] }) {
  if (needs.includes('chromium') && locateChromium() === undefined) {
    return 'no Chromium: install the Debian package, or name the program in CHROMIUM';
  }
  for (const need of needs.filter((it) => rooms.has(it))) {
    if ((await rooms.get(need)).outcome !== 'passed') return `without the ${need}`;
  }
}

/** One suite on one runtime, in one worker: the runs are what goes in parallel. */
async function runSuite({ suite, runtime, named }) {
  const found = runtimes.get(runtime);
  if (!found.found) {
    const required = named || REQUIRED_RUNTIMES.includes(runtime);
    return { what: suite, where: runtime, ms: 0, ...leftOut(found.reason, required) };
  }
  if (runtime === currentNode) await sqlite;
  const lack = await lackOf(SUITES[suite]);
  if (lack) return { what: suite, where: runtime, ms: 0, ...leftOut(lack, false) };
  const name = `${suite}-${runtime}.json`;
  const json = join(reports, name);
  const { code, output, ms } = await run(
    [
      ...found.command,
      ...vitest,
      `--project=${suite} (${runtime})`,
      '--maxWorkers=1',
      ...(SUITES[suite].prints ? ['--silent=false'] : []),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${json}`,
      '--reporter=blob',
      `--outputFile.blob=${join(reports, 'blobs', name)}`,
    ],
    { cwd, env: { ...env, TEST_RUNTIMES: runtime }, timeoutMs },
  );
  const counts = readCounts(json);
  const where = `${runtime} ${found.version}`;
  const row = { what: suite, where, ms, counts, ...outcome(faultOf(code, counts, SUITES[suite].expected)) };
  show(row, output);
  return row;
}

/** What Vitest says of all the runs as one; its exit code adds nothing to those of the runs. */
async function mergedSummary() {
  const { output } = await run(
    [process.execPath, ...vitest, `--merge-reports=${join(reports, 'blobs')}`, '--reporter=minimal'],
    { cwd, env: { ...env, TEST_RUNTIMES: [...runtimes.keys()].join() }, timeoutMs },
  );
  return `\n${output.trim()}`;
}

/** A missing runtime is a gap: fatal where it was asked for, where too little is left, and in CI. */
function leftOut(reason, required) {
  return required || process.env.CI ? outcome(reason) : { outcome: 'left out', note: reason };
}

function outcome(fault) {
  return fault === undefined ? { outcome: 'passed', note: '' } : { outcome: 'failed', note: fault };
}

function show(row, output) {
  console.log(`\n──── ${row.what} ${row.where} ──── ${row.outcome}${row.note && `: ${row.note}`}`);
  // Vitest names the files it reports to, which are gone when this ends.
  const text = output.replaceAll(/^.*report written to .*$/gm, '').trim();
  if (text) console.log(text);
}
