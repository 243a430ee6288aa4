import { turn } from '../measure.mjs';
import { start } from '../process.mjs';
import { median } from '../statistics.mjs';
import { measureDeliveries } from './deliveries.mjs';
import { optionsFor } from './prepare.mjs';
import { openers, writers } from './subjects.mjs';

/** How many writes wait while others are made. */
export const SIZES = [100, 1_000, 10_000];
const WARM_UP_SIZES = [100];
/** Writes at once. */
export const IN_FLIGHT = 1_000;
/** A write of core's takes tens of milliseconds when many wait. */
export const CORE_IN_FLIGHT = 100;
const CORE_WRITES = 5;
/** Writes of one subject, in each size, before it is the next one's turn: what the disk does falls on all of them. */
export const SLICE = 20;

/**
 * @typedef {{ processes: number, rounds: number, slices: number, openings: number }} Effort
 *   `rounds` are of each process, `slices` of each round; `openings` are processes
 * @typedef {'p50' | 'cpu' | 'inFlight'} Measure
 * @typedef {Record<number, Record<Measure, number>>} Sample  one round of one subject, in microseconds, by size
 * @typedef {{ subjects: import('./subjects.mjs').Subject[], samples: Record<string, Sample[]> }} Writes
 * @typedef {{ subjects: import('./subjects.mjs').Subject[], ms: Record<string, number[]> }} Openings
 */

/**
 * Measures all storages in one runtime.
 * @param {string[]} command the runtime
 * @param {import('./prepare.mjs').Prepared} prepared
 * @param {Effort} effort
 * @returns {Promise<{ writes: Writes, queries: Openings, pending: Openings, deliveries: import('./deliveries.mjs').Deliveries }>}
 */
export async function measureStorage(command, prepared, effort) {
  return {
    writes: await measureWrites(command, prepared, effort),
    queries: await measureOpenings(command, prepared, effort, prepared.queries),
    pending: await measureOpenings(command, prepared, effort, prepared.pending),
    deliveries: await measureDeliveries(command, prepared),
  };
}

async function measureWrites(command, { folder, redis, pending }, effort) {
  const subjects = writers({ hasRedis: redis !== undefined });
  const place = JSON.stringify({ folder, heldFile: pending.heldFile, redisURL: redis?.measured });
  const samples = Object.fromEntries(subjects.map(({ id }) => [id, []]));
  for (let process = 0; process < effort.processes; process++) {
    const children = subjects.map((subject) => ({
      subject,
      child: start(command, 'storage/writer.mjs', JSON.stringify(subject), place),
    }));
    // For the compiler of the runtime to settle; does not count.
    await measureRound(children, WARM_UP_SIZES, process, effort.slices);
    for (let round = 0; round < effort.rounds; round++) {
      const results = await measureRound(children, SIZES, process + round, effort.slices);
      redis?.forgetMeasured();
      for (const [id, sample] of Object.entries(results)) samples[id].push(sample);
    }
    await Promise.all(children.map(({ child }) => child.stop()));
  }
  return { subjects, samples };
}

/** New sessions of all subjects at once, which take turns. */
async function measureRound(children, sizes, first, slices) {
  const taken = children.map(() => ({ slices: [], inFlight: undefined }));
  // Not measured, so they need not wait for each other.
  await Promise.all(children.map(({ child }) => child.ask({ open: sizes })));
  for (let slice = 0; slice < slices; slice++) {
    for (const [index, { subject, child }] of turn([...children.entries()], first + slice)) {
      const writes = subject.kind === 'core' ? CORE_WRITES : SLICE;
      taken[index].slices.push(await child.ask({ writes }));
    }
  }
  for (const [index, { subject, child }] of turn([...children.entries()], first)) {
    const inFlight = subject.kind === 'core' ? CORE_IN_FLIGHT : IN_FLIGHT;
    taken[index].inFlight = await child.ask({ inFlight });
  }
  await Promise.all(children.map(({ child }) => child.ask({ close: true })));
  return Object.fromEntries(
    children.map(({ subject }, index) => [subject.id, sampleOf(taken[index], sizes)]),
  );
}

/** @returns {Sample} */
function sampleOf({ slices, inFlight }, sizes) {
  const ofSize = (size) => {
    const each = slices.flatMap((slice) => slice[size].each);
    const cpu = slices.reduce((sum, slice) => sum + slice[size].cpu, 0) / each.length;
    return { p50: median(each), cpu, inFlight: inFlight[size] };
  };
  return Object.fromEntries(sizes.map((size) => [size, ofSize(size)]));
}

/** Each time in a new process, which the process that filled the storage has warmed the caches of the runtime for. */
async function measureOpenings(command, { redis }, effort, left) {
  const subjects = openers({ hasRedis: redis !== undefined });
  const ms = Object.fromEntries(subjects.map(({ id }) => [id, []]));
  for (let round = 0; round < effort.openings; round++) {
    for (const subject of turn(subjects, round)) {
      const child = start(command, 'storage/opener.mjs', JSON.stringify(subject), optionsFor(subject, left));
      const sample = await child.read();
      await child.stop();
      ms[subject.id].push(sample.ms);
    }
  }
  return { subjects, ms };
}
