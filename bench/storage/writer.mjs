// Writes as one subject, in the runtime that started it. Obeys one line of JSON on its standard input at a time and
// answers each with one: {"open": sizes} opens a session for each number of pending writes, {"writes": count} writes one
// at a time in each, {"inFlight": count} at once, {"close": true} closes them.
import { createInterface } from 'node:readline';
import { openSession } from './sessions.mjs';

const [subject, place] = process.argv.slice(2).map((json) => JSON.parse(json));
/** By how many writes waited when it was opened. */
const sessions = new Map();
let turns = 0;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line)))}\n`);
}
// Core's timers would hold the process for a minute.
process.exit();

async function obey({ open, writes, inFlight }) {
  if (open) {
    for (const size of open) sessions.set(size, await openSession(subject, place, size));
    return {};
  }
  if (writes) return eachSession((session) => oneAtATime(session, writes));
  if (inFlight) return eachSession((session) => atOnce(session, inFlight));
  for (const session of sessions.values()) await session.close();
  sessions.clear();
  return {};
}

/** In another order each time, so that none of the sizes is always the first. */
async function eachSession(measure) {
  const entries = [...sessions];
  const first = turns++ % entries.length;
  const results = {};
  for (const [size, session] of [...entries.slice(first), ...entries.slice(0, first)]) {
    results[size] = await measure(session);
  }
  return results;
}

/** Microseconds of each, and of the processor for all. */
async function oneAtATime(session, writes) {
  const each = [];
  const before = process.cpuUsage();
  for (let i = 0; i < writes; i++) {
    const started = performance.now();
    await session.write();
    each.push((performance.now() - started) * 1_000);
  }
  const { user, system } = process.cpuUsage(before);
  return { each, cpu: user + system };
}

/** Microseconds for each of them; undefined where there is no such thing. */
async function atOnce(session, count) {
  if (!session.writeMany) return undefined;
  const started = performance.now();
  await session.writeMany(count);
  return ((performance.now() - started) * 1_000) / count;
}
