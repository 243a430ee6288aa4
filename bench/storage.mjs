// node bench/storage.mjs [runtime]… [--json file] [--check] [--quick] [--backlog] [--disk folder]
// Measures writes that are to outlive the process, and what opens them again, see docs/bench.md. Measures what is in dist.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateRuntime, needsBetterSqlite3 } from '../runtimes/locate.mjs';
import { ensureBetterSqlite3 } from '../runtimes/node/better-sqlite3.mjs';
import { currentNode } from '../runtimes/plan.mjs';
import { readArguments } from './arguments.mjs';
import { GROWTH_LIMIT } from './storage/growth-limit.mjs';
import { measureStorage, SLICE } from './storage/measure.mjs';
import { prepare, prepareNothing } from './storage/prepare.mjs';
import { tables, tooMuchGrowth } from './storage/report.mjs';

const DEFAULT_RUNTIMES = [currentNode, 'node24', 'bun', 'deno'];
const EFFORT = { processes: 2, rounds: 2, slices: 5, openings: 3, backlogs: [1_000, 10_000, 100_000] };
const QUICK = { processes: 1, rounds: 2, slices: 3, openings: 1, backlogs: [1_000, 10_000] };
/** Children that run at once, each of which is ended with this process. */
const MAX_CHILDREN = 32;

const { names, json, check, effort, disk } = options();
// Where the children find what Node 20 lacks, as a user's program would find it beside this package.
process.env.NODE_PATH = fileURLToPath(new URL('../runtimes/node/node_modules', import.meta.url));
process.setMaxListeners(MAX_CHILDREN);
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, data in ${disk}; ` +
    `medians of ${effort.processes * effort.rounds} rounds of ${effort.slices * SLICE} writes and ${effort.openings} starts, ` +
    'in parentheses what the middle 80 % of the rounds gave',
);
const results = [];
const failures = [];
const runtimes = names.map(locateRuntime).filter(isUsable);
const [first] = runtimes;
if (first) await measureAll(first.command);
if (json) writeFileSync(json, `${JSON.stringify({ effort, failures, results }, null, 2)}\n`);
if (failures.length > 0) process.exitCode = 1;
if (check) checkGrowth();

/** What earlier processes have left is the same for all runtimes: the first of them makes it. */
async function measureAll(firstCommand) {
  await ensureSqlite();
  const folder = mkdtempSync(join(disk, 'instant-node-bench-'));
  try {
    const prepared = await (effort.backlogAlone ? prepareNothing(folder) : prepare(firstCommand, folder));
    if (prepared.recordLength) {
      console.log(`Each write is kept as ${prepared.recordLength.toLocaleString('en')} characters`);
    }
    if (!prepared.redis) console.log('Without redis: redis-server is not installed');
    for (const runtime of runtimes) await measureOn(runtime, prepared);
    await prepared.redis?.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOn({ name, version, command }, prepared) {
  const loadBefore = load();
  try {
    const measured = await measureStorage(command, prepared, effort);
    results.push({ runtime: name, version, load: [loadBefore, load()], ...measured });
    console.log(
      `\n${name} (${version}), load ${loadBefore} before and ${load()} after\n\n${tables(measured)}`,
    );
  } catch (error) {
    failed(name, error.message);
  }
}

function isUsable({ name, found, reason }) {
  if (!found) failed(name, reason);
  return found;
}

async function ensureSqlite() {
  if (!names.includes(currentNode) || !needsBetterSqlite3()) return;
  const { reason } = await ensureBetterSqlite3();
  if (reason) throw new Error(`Cannot measure storage "sqlite" on ${currentNode}: ${reason}`);
}

function failed(runtime, reason) {
  failures.push({ runtime, reason });
  console.log(`\n${runtime}: not measured: ${reason}`);
}

function checkGrowth() {
  const grown = results.flatMap((result) =>
    tooMuchGrowth(result).map((line) => `${result.runtime}: ${line}`),
  );
  if (grown.length > 0) process.exitCode = 1;
  const limit = `it may be, ${GROWTH_LIMIT} × from fewer pending writes to the most`;
  console.log(
    grown.length > 0 ? `\nMore than ${limit}:\n${grown.join('\n')}` : `\nNowhere more than ${limit}`,
  );
}

/** What the machine has done in the last minute. */
function load() {
  return Number(loadavg()[0].toFixed(2));
}

function options() {
  const {
    quick,
    backlog,
    disk = tmpdir(),
    ...rest
  } = readArguments(DEFAULT_RUNTIMES, {
    disk: { type: 'string' },
    backlog: { type: 'boolean', default: false },
  });
  const effort = { ...(quick ? QUICK : EFFORT), backlogAlone: backlog };
  return { ...rest, disk: resolve(disk), effort };
}
