// node bench/connection.mjs [runtime]… [--outage seconds] [--only silence,return,slow] [--json file] [--quick]
// Measures in real seconds, with the default options, how connections are lost and found again, see docs/bench.md.
// Measures what is in dist.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { locateRuntime } from '../runtimes/locate.mjs';
import { currentNode } from '../runtimes/plan.mjs';
import { readArguments } from './arguments.mjs';
import { measureConnections } from './connection/measure.mjs';
import { table } from './connection/report.mjs';

const DEFAULT_RUNTIMES = [currentNode, 'bun', 'deno'];
const FULL = { clients: 1_000, megabytes: 30 };
const QUICK = { clients: 100, megabytes: 3 };

const { quick, json, names, outage, only } = readArguments(DEFAULT_RUNTIMES, {
  outage: { type: 'string', default: '5' },
  only: { type: 'string', default: 'silence,return,slow' },
});
const effort = { ...(quick ? QUICK : FULL), outageMs: Number(outage) * 1_000, only: only.split(',') };
const results = [];
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`);
for (const name of names) {
  const runtime = locateRuntime(name);
  if (!runtime.found) {
    console.log(`\n${name}: not measured: ${runtime.reason}`);
    process.exitCode = 1;
    continue;
  }
  const before = loadavg()[0].toFixed(2);
  const figures = await measureConnections(runtime.command, effort);
  const load = [before, loadavg()[0].toFixed(2)];
  results.push({ runtime: name, version: runtime.version, load, figures });
  console.log(`\n${name} (${runtime.version}), load ${load.join(' before and ')} after\n${table(figures)}`);
}
if (json) writeFileSync(json, `${JSON.stringify({ effort, results }, null, 2)}\n`);
if (results.some(({ figures }) => figures.some(({ holds }) => !holds))) process.exitCode = 1;
