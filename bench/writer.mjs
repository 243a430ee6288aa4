// Writes as one subject, in the runtime that started it. Obeys one line of JSON on its standard input for each round
// and answers with one; each round is a session of its own, so that what a session piles up starts from nothing.
import { createInterface } from 'node:readline';
import { median, quantile } from './statistics.mjs';

/** Writes of a new session before the clock starts. */
const FIRST_WRITES = 20;

const OPEN = {
  ours: () => database(import('./subjects/ours.mjs')),
  core: () => database(import('./subjects/core.mjs')),
  echo: async () => (await import('./subjects/echo-session.mjs')).openEchoSession,
};

const [subject, json] = process.argv.slice(2);
const target = JSON.parse(json);
const open = await OPEN[subject]();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await round(JSON.parse(line)))}\n`);
}
// Core's timers would hold the process for a minute.
process.exit();

async function database(loading) {
  const [{ openDatabase }, { openDatabaseSession }] = await Promise.all([
    loading,
    import('./subjects/database-session.mjs'),
  ]);
  return (options) => openDatabaseSession(openDatabase, options);
}

/** @param {{ live: boolean, writes: number, inFlight: number, frameLength?: number }} options */
async function round({ live, writes, inFlight, frameLength }) {
  const session = await open({ target, live, frameLength });
  for (let i = 0; i < FIRST_WRITES; i++) await session.write();
  const sentBefore = session.sent();
  const cpuBefore = process.cpuUsage();
  const latencies = [];
  for (let i = 0; i < writes; i++) {
    const started = performance.now();
    await session.write();
    latencies.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const sent = session.sent();
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, () => session.write()));
  const manyMs = performance.now() - started;
  await session.close();
  return {
    p50: median(latencies),
    p99: quantile(latencies, 0.99),
    cpu: (user + system) / 1_000 / writes,
    inFlight: manyMs / inFlight,
    frameLength: sent === undefined ? undefined : Math.round((sent - sentBefore) / writes),
  };
}
