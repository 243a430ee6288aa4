// Three clients in three runtimes, one backend, real data: everybody reads live and writes at once, one of them goes
// offline for a while, and in the end all four hold the same.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { id, init } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { locateRuntime } from '../../runtimes/locate.mjs';
import { currentNode } from '../../runtimes/plan.mjs';
import { digest, stateOfTriples } from './state.mjs';
import { createView } from './view.mjs';

const SECONDS = Number(process.env.DEMO_SECONDS ?? 6);
const seed = Number(process.env.DEMO_SEED ?? Math.floor(Math.random() * 1e9));
const OFFLINE = 'deno';
const view = createView(process.stdout);

const backend = await startBackend();
const app = backend.createApp({ title: 'Demo' });
const zeneca = readZeneca();
app.load(zeneca);
view.say(
  `Local backend on ${backend.url}, with the ${zeneca.triples.length} triples of a library. Seed ${seed}.`,
);

const db = init({ appId: app.id, apiURI: backend.url });
// Else the write would be kept to be sent later, and the workers might look for the shelf before it is there.
await db.ready();
await db.transact(db.tx.bookshelves[id()].create({ name: 'New arrivals' }));
const workers = await Promise.all([currentNode, 'bun', 'deno'].map(startWorker));
const drawing = setInterval(() => view.draw(workers), 250);
view.say(`Writing from ${workers.map(({ label }) => label).join(', ')} for ${SECONDS} s`);

await passing(SECONDS / 3);
const traveller = workers.find(({ name }) => name === OFFLINE);
view.say(`${traveller.label} goes offline; its writes queue`);
traveller.send('offline');
await passing(SECONDS / 3);
view.say(`${traveller.label} is back with ${traveller.progress.waiting} writes waiting`);
traveller.send('online');
await passing(SECONDS / 3);

for (const worker of workers) worker.send('stop');
const done = await Promise.all(workers.map(({ done }) => done));
view.draw(workers);
clearInterval(drawing);

// The last write of all: whoever sees it has seen everything.
const marker = id();
await db.transact(db.tx.markers[marker].create({ text: 'the end' }));
for (const worker of workers) worker.send(`compare ${marker}`);
const states = await Promise.all(workers.map(({ state }) => state));
const truth = stateOfTriples(app.snapshot());
await Promise.all(workers.map(({ exit }) => exit));
await db.close();
await backend.close();

const total = done.reduce((sum, counts) => sum + Object.values(counts).reduce((a, b) => a + b, 0), 0);
view.say(`\n${total} writes: ${describe(done)}`);
const rows = [{ label: 'backend', state: { digest: digest(truth), text: truth } }];
for (const [index, worker] of workers.entries()) rows.push({ label: worker.label, state: states[index] });
for (const { label, state } of rows) {
  view.say(`${label.padEnd(16)} ${state.digest.slice(0, 16)}  ${state.text.split('\n').length} entities`);
}
const identical = rows.every(({ state }) => state.digest === rows[0].state.digest);
const troubles = workers.flatMap(({ label, troubles }) => troubles.map((trouble) => `${label}: ${trouble}`));
for (const trouble of troubles) view.say(`trouble: ${trouble}`);
if (identical) view.say('The three clients and the backend hold identical states.');
else for (const line of firstDifferences(rows)) view.say(line);
process.exitCode = identical && troubles.length === 0 ? 0 : 1;

/** The data set that core's tests use and its npm package brings along. */
function readZeneca() {
  const core = new URL('../../node_modules/@instantdb/core/__tests__/src/data/zeneca/', import.meta.url);
  const read = (name) => JSON.parse(readFileSync(new URL(name, core), 'utf8'));
  return { attrs: read('attrs.json'), triples: read('triples.json') };
}

async function startWorker(name, index) {
  const runtime = locateRuntime(name);
  if (!runtime.found) throw new Error(runtime.reason);
  const [command, ...args] = runtime.command;
  const script = fileURLToPath(new URL('worker.mjs', import.meta.url));
  const label = `${name.replace(/\d+$/, '')} ${runtime.version}`;
  const child = spawn(command, [...args, script, app.id, backend.url, label, String(seed + index)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const worker = {
    name,
    label,
    progress: { rows: 0, writes: 0, queued: 0, waiting: 0, p50: 0, p99: 0, status: 'connecting' },
    startedAt: Date.now(),
    troubles: [],
    send: (line) => child.stdin.write(`${line}\n`),
  };
  const on = {};
  for (const event of ['ready', 'done', 'state'])
    worker[event] = new Promise((resolve) => (on[event] = resolve));
  worker.exit = new Promise((resolve) => child.once('exit', resolve));
  const ended = worker.exit.then((code) => {
    if (code !== 0) throw new Error(`The worker on ${label} ended with code ${code}`);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line);
    if (report.progress) worker.progress = report.progress;
    if (report.done) worker.endedAt = Date.now();
    if (report.trouble) worker.troubles.push(report.trouble);
    for (const event of ['ready', 'done', 'state']) if (report[event]) on[event](report[event]);
  });
  // A worker that dies must end the demo, not leave it waiting.
  for (const event of ['done', 'state'])
    worker[event] = Promise.race([worker[event], ended.then(() => worker[event])]);
  await Promise.race([worker.ready, ended]);
  worker.startedAt = Date.now();
  return worker;
}

function describe(counts) {
  const sums = {};
  for (const one of counts) for (const [kind, n] of Object.entries(one)) sums[kind] = (sums[kind] ?? 0) + n;
  return Object.entries(sums)
    .map(([kind, n]) => `${n} ${kind}`)
    .join(', ');
}

function firstDifferences(all) {
  const truthLines = new Set(all[0].state.text.split('\n'));
  return all.slice(1).flatMap(({ label, state }) => {
    const lines = new Set(state.text.split('\n'));
    const missing = [...truthLines].filter((line) => !lines.has(line)).slice(0, 3);
    const extra = [...lines].filter((line) => !truthLines.has(line)).slice(0, 3);
    return [
      ...missing.map((line) => `${label} lacks ${line}`),
      ...extra.map((line) => `${label} alone has ${line}`),
    ];
  });
}

function passing(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
