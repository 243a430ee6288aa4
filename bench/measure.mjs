import { start } from './process.mjs';

/** Rounds of a new process before those that count, for the compiler of the runtime to settle. */
const WARM_UP_ROUNDS = 2;

const SUBJECTS = ['ours', 'core', 'echo'];

/**
 * @typedef {{ processes: number, rounds: number, writes: number, inFlight: number, coldRounds: number }} Effort
 *   `rounds` are of each process
 * @typedef {Record<string, number>} Sample  one round of one subject, in milliseconds
 * @typedef {{ id: string, what: string, values: Partial<Record<string, number[]>> }} Series
 *   what one measurement gave: for each subject a value a round, at the same places
 */

/**
 * Measures all subjects in one runtime against one process of servers. The subjects take turns, each round in another
 * order, so that whatever else the machine does at a moment falls on all of them.
 *
 * @param {string[]} command the runtime
 * @param {Effort} effort
 * @returns {Promise<{ frameLength: number, series: Series[] }>}
 */
export async function measure(command, effort) {
  const servers = start([process.execPath], 'servers.mjs');
  try {
    const target = JSON.stringify(await servers.read());
    const { frameLength, alone, live } = await measureWrites(command, target, effort);
    const cold = await measureCold(command, target, effort);
    return {
      frameLength,
      series: [
        series('write-p50', 'one write at a time, p50', alone, 'p50'),
        series('write-p99', 'one write at a time, p99', alone, 'p99'),
        series('write-cpu', 'one write at a time, CPU', alone, 'cpu'),
        series('in-flight', `${effort.inFlight} writes in flight, each`, alone, 'inFlight'),
        series('live-p50', 'the same with a live query, p50', live, 'p50'),
        series('live-p99', 'the same with a live query, p99', live, 'p99'),
        series('live-cpu', 'the same with a live query, CPU', live, 'cpu'),
        series('cold', 'cold init to first result', cold, 'first'),
        series('cold-import', 'import to first result', cold, 'withImport'),
      ],
    };
  } finally {
    await servers.stop();
  }
}

/**
 * Several processes one after the other for each subject: of two processes that run the same code one may be slower by
 * a quarter for as long as it runs (seen on Bun 1.4.5, with ours and with core).
 */
async function measureWrites(command, target, { processes, rounds, writes, inFlight }) {
  const alone = { ours: [], core: [], echo: [] };
  const live = { ours: [], core: [], echo: alone.echo };
  let frameLength;
  for (let series = 0; series < processes; series++) {
    const writers = {};
    for (const subject of SUBJECTS) writers[subject] = start(command, 'writer.mjs', subject, target);
    // The echo sends as many bytes as a write of ours takes, which the very first round tells.
    frameLength ??= (await writers.ours.ask({ live: false, writes, inFlight })).frameLength;
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const first = series + round + WARM_UP_ROUNDS;
      for (const subject of turn(SUBJECTS, first)) {
        const sample = await writers[subject].ask({ live: false, writes, inFlight, frameLength });
        if (round >= 0) alone[subject].push(sample);
      }
      for (const subject of turn(['ours', 'core'], first)) {
        const sample = await writers[subject].ask({ live: true, writes, inFlight });
        if (round >= 0) live[subject].push(sample);
      }
    }
    await Promise.all(Object.values(writers).map((writer) => writer.stop()));
  }
  return { frameLength, alone, live };
}

/** Each round is a new process. The first of each subject also fills the caches of the runtime and does not count. */
async function measureCold(command, target, { coldRounds }) {
  const cold = { ours: [], core: [] };
  for (let round = -1; round < coldRounds; round++) {
    for (const subject of turn(['ours', 'core'], round + 1)) {
      const opener = start(command, 'cold.mjs', subject, target);
      const sample = await opener.read();
      await opener.stop();
      if (round >= 0) cold[subject].push(sample);
    }
  }
  return cold;
}

/** The same, from another one on each round. */
export function turn(subjects, round) {
  const first = round % subjects.length;
  return [...subjects.slice(first), ...subjects.slice(0, first)];
}

function series(id, what, samples, field) {
  const values = {};
  for (const [subject, rounds] of Object.entries(samples)) values[subject] = rounds.map((it) => it[field]);
  return { id, what, values };
}
