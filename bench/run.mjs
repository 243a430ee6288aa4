// node bench/run.mjs [runtime]… [--json file] [--check] [--quick] [--parent commit] [--only-parent]
// Measures this package against its parent commit, and against core on the same runtime and a bare WebSocket echo, see
// docs/bench.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, type } from 'node:os';
import { locateRuntime } from '../runtimes/locate.mjs';
import { currentNode } from '../runtimes/plan.mjs';
import { readArguments } from './arguments.mjs';
import { measure } from './measure.mjs';
import { measureParent, parentTable } from './parent.mjs';
import { checkOut, parentCommit } from './parent-checkout.mjs';
import { summarize, table } from './report.mjs';

const DEFAULT_RUNTIMES = [currentNode, 'node24', 'bun', 'deno'];
/** Frequent and short rounds: more ratios, each from one short stretch of time. */
const EFFORT = {
  ...{ processes: 5, rounds: 6, writes: 150, inFlight: 100, coldRounds: 15 },
  ...{ idleRounds: 3, idleSeconds: 20 },
};
const QUICK = {
  ...{ processes: 1, rounds: 5, writes: 100, inFlight: 100, coldRounds: 5 },
  ...{ idleRounds: 2, idleSeconds: 3 },
};
/** What `--check` looks at, and how much slower than core it may be before that is no longer noise. */
const CHECKED = ['write-p50', 'live-p50', 'cold'];
const CHECK_LIMIT = 1.15;

const { names, json, check, effort, parent: commit = parentCommit(), 'only-parent': onlyParent } = options();
const parent = checkOut(commit);
const machine = describeMachine();
console.log(
  `${machine.cpu}, ${machine.cores} cores, load ${machine.load.join(' ')}, ${machine.system}\n` +
    `@instantdb/node ${machine.packages['@instantdb/node']} (ours), ` +
    `@instantdb/core ${machine.packages['@instantdb/core']}, ws ${machine.packages.ws}\n` +
    `${effort.processes * effort.rounds} rounds of ${effort.writes} writes, ${effort.coldRounds} cold starts; medians of the rounds, ` +
    `in parentheses what the middle 80 % of the rounds gave\nparent: ${parent.name}`,
);

const results = [];
const missing = [];
for (const name of names) {
  const runtime = locateRuntime(name);
  if (!runtime.found) {
    missing.push(name);
    console.log(`\n${name}: not measured: ${runtime.reason}`);
    continue;
  }
  const toParent = await measureParent(runtime.command, parent.root, effort);
  console.log(`\n${name} (${runtime.version})\n${parentTable(toParent)}`);
  const toCore = onlyParent ? undefined : await measureCore(runtime.command);
  results.push({ runtime: name, version: runtime.version, toParent, ...toCore });
}
parent.remove();
if (json) writeFileSync(json, `${JSON.stringify({ machine, effort, missing, results }, null, 2)}\n`);
if (missing.length > 0) process.exitCode = 1;
if (check) checkRatios();

async function measureCore(command) {
  const { frameLength, series } = await measure(command, effort);
  const rows = series.map(summarize);
  console.log(`\n${frameLength} bytes a write\n${table(rows)}`);
  return { frameLength, rows, series };
}

function options() {
  const { quick, ...rest } = readArguments(DEFAULT_RUNTIMES, {
    parent: { type: 'string' },
    'only-parent': { type: 'boolean', default: false },
  });
  return { ...rest, effort: quick ? QUICK : EFFORT };
}

function describeMachine() {
  const versionOf = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: cpus().length,
    load: loadavg().map((load) => Number(load.toFixed(2))),
    system: `${type()} ${release()} ${arch()}`,
    packages: {
      '@instantdb/node': versionOf('../package.json'),
      '@instantdb/core': versionOf('../node_modules/@instantdb/core/package.json'),
      ws: versionOf('../node_modules/ws/package.json'),
    },
  };
}

function checkRatios() {
  const slow = results.flatMap(({ runtime, rows = [] }) =>
    rows
      .filter(({ id, toCore }) => CHECKED.includes(id) && toCore.median > CHECK_LIMIT)
      .map(({ what, toCore }) => `${runtime}: ${what}: ${toCore.median.toFixed(2)} × core`),
  );
  if (slow.length > 0) process.exitCode = 1;
  console.log(slow.length > 0 ? `\nSlower than core:\n${slow.join('\n')}` : '\nNowhere slower than core');
}
