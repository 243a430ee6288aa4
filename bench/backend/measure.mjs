import { start } from '../process.mjs';
import { median } from '../statistics.mjs';

/** Clients are on this Node whatever the backend is on: it is the backend that is measured. */
const CLIENT = [process.execPath];
const GROUP_SIZE = 10;

/**
 * @typedef {{ id: string, what: string, unit: 'ms' | '×' | 'KB', wanted: number, value: number, values: number[], holds: boolean, note?: string }} Figure
 *   `value` is the median of `values`, and holds when it is below `wanted`
 */

/**
 * Measures the backend on one runtime, each time in new processes.
 * @param {string} name of the runtime
 * @param {string[]} command
 * @param {number} repeats how many new processes each figure comes from
 * @returns {Promise<Figure[]>}
 */
export async function measureBackend(name, command, repeats) {
  const each = async (measure) => {
    const results = [];
    for (let i = 0; i < repeats; i++) results.push(await measure());
    return results;
  };
  const startups = await each(() => startup(command));
  const lookups = await each(() => lookup(command));
  const middle = (at) => median(lookups.flatMap((values) => values[at]));
  return [
    figure(
      'start',
      'first startBackend() to listening',
      'ms',
      100,
      startups.map(({ start }) => start),
      {
        note: `and ${median(startups.map(({ load }) => load)).toFixed(0)} ms to load the package`,
      },
    ),
    figure(
      'app',
      'a further app',
      'ms',
      5,
      startups.flatMap(({ further }) => further),
    ),
    figure(
      'live',
      'own write to own live query, p50, 1,000 queries of 100 sessions',
      'ms',
      5,
      (await each(() => live(command))).flat(),
    ),
    figure('load', '10,000 entities in one transaction', 'ms', 1_000, await each(() => load(command))),
    figure(
      'lookup',
      'an indexed lookup among 100,000 entities, to one among 1,000',
      '×',
      2,
      lookups.flatMap(([few, many]) => few.map((ms, round) => many[round] / ms)),
      {
        note: `${middle(0).toFixed(3)} and ${middle(1).toFixed(3)} ms`,
      },
    ),
    figure('idle', 'an idle session, of 2,000', 'KB', 40, await each(() => idle(name, command))),
  ];
}

function figure(id, what, unit, wanted, values, { note } = {}) {
  const value = median(values);
  return {
    id,
    what,
    unit,
    wanted,
    value,
    values,
    holds: id === 'lookup' ? value <= wanted : value < wanted,
    note,
  };
}

async function startup(command) {
  const child = start(command, 'backend/startup.mjs');
  const result = await child.read();
  await child.stop();
  return result;
}

function live(command) {
  return withServer(command, async (server) => {
    const app = await server.ask({ app: 10_000, groupSize: GROUP_SIZE });
    return clients('live', { app, sessions: 100, queriesEach: 10, writes: 400, warmUp: 50 });
  });
}

function load(command) {
  return withServer(command, async (server) => {
    const app = await server.ask({ app: 0, groupSize: GROUP_SIZE });
    return clients('load', { app, entities: 10_000 });
  });
}

function lookup(command) {
  return withServer(command, async (server) => {
    const apps = [];
    for (const entities of [1_000, 100_000]) {
      const { uri, appId, groupSize } = await server.ask({ app: entities, groupSize: GROUP_SIZE });
      apps.push({ uri, appId, groupSize, entities });
    }
    return clients('lookup', { apps, rounds: 15, warmUp: 5, lookups: 100 });
  });
}

/** Kilobytes that the process of the backend has grown by, for each session. */
function idle(name, command) {
  return withServer(collecting(name, command), async (server) => {
    const app = await server.ask({ app: 0, groupSize: GROUP_SIZE });
    // What the first sessions make the process load is not theirs.
    await clients('idle', { app, sessions: 50 });
    const before = await server.ask({ memory: true });
    const holding = start(CLIENT, 'backend/clients.mjs');
    const opened = await holding.ask({ what: 'idle', app, sessions: 2_000 });
    const after = await server.ask({ memory: true });
    await holding.stop();
    // A process may fill pages that it had freed before: then its size tells too little, and the heap does not.
    const grown = Math.max(after.rss - before.rss, after.held - before.held);
    return grown / 1_024 / opened;
  });
}

/** The command for a process that can be told to collect its garbage. Bun always can. */
function collecting(name, [program, ...flags]) {
  if (name === 'bun') return [program, ...flags];
  if (name === 'deno') return [program, ...flags, '--v8-flags=--expose-gc'];
  return [program, '--expose-gc', ...flags];
}

async function withServer(command, use) {
  const server = start(command, 'backend/server.mjs');
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function clients(what, options) {
  const child = start(CLIENT, 'backend/clients.mjs');
  const result = await child.ask({ what, ...options });
  await child.stop();
  return result;
}
