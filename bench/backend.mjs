// node bench/backend.mjs [runtime]… [--json file] [--check] [--quick]
// Measures the local backend against the figures it is to keep, see docs/bench.md. Measures what is in dist.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { locateRuntime } from '../runtimes/locate.mjs';
import { currentNode } from '../runtimes/plan.mjs';
import { readArguments } from './arguments.mjs';
import { measureBackend } from './backend/measure.mjs';
import { table } from './backend/report.mjs';

const DEFAULT_RUNTIMES = [currentNode, 'bun', 'deno'];
const REPEATS = 5;
const QUICK_REPEATS = 1;

const { names, json, check, repeats } = options();
const results = [];
const failures = [];
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores; medians over ${repeats} processes each`,
);
for (const name of names) await measureOn(name);
if (json) writeFileSync(json, `${JSON.stringify({ repeats, failures, results }, null, 2)}\n`);
if (failures.length > 0) process.exitCode = 1;
if (check && results.some(({ figures }) => figures.some(({ holds }) => !holds))) process.exitCode = 1;

async function measureOn(name) {
  const runtime = locateRuntime(name);
  if (!runtime.found) return failed(name, runtime.reason);
  const loadBefore = load();
  try {
    const figures = await measureBackend(name, runtime.command, repeats);
    const { version } = runtime;
    results.push({ runtime: name, version, load: [loadBefore, load()], figures });
    console.log(`\n${name} (${version}), load ${loadBefore} before and ${load()} after\n${table(figures)}`);
  } catch (error) {
    failed(name, error.message);
  }
}

function failed(runtime, reason) {
  failures.push({ runtime, reason });
  console.log(`\n${runtime}: not measured: ${reason}`);
}

/** What the machine has done in the last minute. */
function load() {
  return Number(loadavg()[0].toFixed(2));
}

function options() {
  const { quick, ...rest } = readArguments(DEFAULT_RUNTIMES);
  return { ...rest, repeats: quick ? QUICK_REPEATS : REPEATS };
}
