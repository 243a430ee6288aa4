import { turn } from './measure.mjs';
import { ownRoot, start, startIn } from './process.mjs';
import { aligned, cells, ratio } from './report.mjs';
import { median } from './statistics.mjs';

/** Rounds of a new process before those that count. */
const WARM_UP_ROUNDS = 2;

/** What is left alone, to see what it costs. */
const IDLE = [
  { what: 'a database with 100 live queries, idle', databases: 1, queries: 100 },
  { what: '100 databases, idle', databases: 100, queries: 0 },
];

/**
 * Measures this tree's build against its parent's in one runtime, in turns.
 * @param {string[]} command the runtime
 * @param {string} parentRoot where the parent is checked out
 * @param {import('./measure.mjs').Effort & { idleRounds: number, idleSeconds: number }} effort
 */
export async function measureParent(command, parentRoot, effort) {
  const roots = { ours: ownRoot, parent: parentRoot };
  const servers = start([process.execPath], 'servers.mjs');
  try {
    const target = JSON.stringify(await servers.read());
    const writes = await measureWrites(command, roots, target, effort);
    const cold = await measureCold(command, roots, target, effort);
    const idle = [];
    for (const kind of IDLE) idle.push(await measureIdle(command, roots, target, kind, effort));
    return [
      row('one write at a time, p50, ms', writes, 'p50'),
      row('one write at a time, CPU ms', writes, 'cpu'),
      row('cold init to first result, ms', cold, 'first'),
      row('import, ms', cold, 'loading'),
      ...IDLE.map(({ what }, index) => row(`${what}, CPU ms a second`, idle[index], 'perSecond')),
    ];
  } finally {
    await servers.stop();
  }
}

async function measureWrites(command, roots, target, { processes, rounds, writes, inFlight }) {
  const samples = { ours: [], parent: [] };
  for (let series = 0; series < processes; series++) {
    const writers = {};
    for (const subject of Object.keys(samples)) {
      writers[subject] = startIn(roots[subject], command, 'writer.mjs', 'ours', target);
    }
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (const subject of turn(Object.keys(samples), series + round + WARM_UP_ROUNDS)) {
        const sample = await writers[subject].ask({ live: false, writes, inFlight });
        if (round >= 0) samples[subject].push(sample);
      }
    }
    await Promise.all(Object.values(writers).map((writer) => writer.stop()));
  }
  return samples;
}

async function measureCold(command, roots, target, { coldRounds }) {
  const samples = { ours: [], parent: [] };
  for (let round = -1; round < coldRounds; round++) {
    for (const subject of turn(Object.keys(samples), round + 1)) {
      const opener = startIn(roots[subject], command, 'cold.mjs', 'ours', target);
      const sample = await opener.read();
      await opener.stop();
      if (round >= 0) samples[subject].push(sample);
    }
  }
  return samples;
}

/** Both at once: they leave the machine to each other, and what else it does falls on both. */
async function measureIdle(command, roots, target, { databases, queries }, { idleRounds, idleSeconds }) {
  const samples = { ours: [], parent: [] };
  for (let round = 0; round < idleRounds; round++) {
    await Promise.all(
      Object.keys(samples).map(async (subject) => {
        const args = [target, databases, queries, idleSeconds].map(String);
        const idler = startIn(roots[subject], command, 'idle.mjs', ...args);
        samples[subject].push(await idler.read());
        await idler.stop();
      }),
    );
  }
  return samples;
}

function row(what, samples, field) {
  const [ours, parent] = [samples.ours, samples.parent].map((rounds) => rounds.map((it) => it[field]));
  return { what, ours: median(ours), parent: median(parent), toParent: ratio(ours, parent) };
}

/** @param {Awaited<ReturnType<typeof measureParent>>} rows */
export function parentTable(rows) {
  const lines = rows.map(({ what, ours, parent, toParent }) => [
    what,
    ours.toFixed(3),
    parent.toFixed(3),
    ...cells(toParent),
  ]);
  return aligned([['', 'ours', 'parent', 'ours/parent', ''], ...lines]);
}
