import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../process.mjs';
import { storagesHere } from './storages.mjs';

/** Longer than the slowest storage takes for the largest backlog. */
const LIMIT_MS = 900_000;

/**
 * @typedef {object} Backlog  of one storage and number of writes; times from `init`, and in memory from when there is a network
 * @property {string} driver
 * @property {number} count
 * @property {number} enqueueUs microseconds of each
 * @property {number | undefined} keptBytes of each, before anything was delivered; undefined in memory
 * @property {number} firstMs milliseconds to the first acknowledgement
 * @property {number} deliverUs microseconds of each, until the last was acknowledged
 * @property {number} peakMB the most memory that the delivering process had at once
 * @property {number | undefined} leftBytes of all, after everything was delivered and the database closed
 */

/**
 * Has one process make writes without a network, and the next deliver them to a backend.
 * @param {string[]} command the runtime
 * @param {import('./prepare.mjs').Prepared} prepared
 * @param {number[]} counts
 * @returns {Promise<Backlog[]>}
 */
export async function measureBacklogs(command, { folder, redis }, counts) {
  // Each in the clear: sealing adds the same to each write.
  const drivers = storagesHere({ hasRedis: Boolean(redis) });
  const backlogs = [];
  for (const driver of drivers) {
    for (const count of counts) backlogs.push(await measure(command, { driver, count, folder, redis }));
  }
  return backlogs;
}

async function measure(command, { driver, count, folder, redis }) {
  const backend = start([process.execPath], 'backend/server.mjs');
  try {
    // A new one each time: what an earlier one holds would slow it down.
    const app = await backend.ask({ app: 0, groupSize: 1 });
    const name = `backlog-${driver}-${count}`;
    const options = {
      folder,
      redisURL: redis?.measured,
      name,
      appId: app.appId,
      websocketURI: app.uri,
      count,
    };
    const run = (task) => answerOf(command, { driver }, { ...options, task });
    if (driver === 'memory') return { driver, count, ...(await run('both')) };
    const bytes = () => (driver === 'redis' ? redis.bytesOf(name) : bytesIn(join(folder, name)));
    const { enqueueUs } = await run('enqueue');
    const keptBytes = bytes() / count;
    const delivered = await run('deliver');
    const leftBytes = bytes();
    redis?.forgetMeasured();
    return { driver, count, enqueueUs, keptBytes, ...delivered, leftBytes };
  } finally {
    await backend.stop();
  }
}

async function answerOf(command, subject, options) {
  const child = start(command, 'storage/backlog.mjs', JSON.stringify(subject), JSON.stringify(options));
  const answer = await child.read(LIMIT_MS);
  await child.stop();
  return answer;
}

function bytesIn(folder) {
  const names = readdirSync(folder, { recursive: true });
  return names.reduce((sum, name) => {
    const file = statSync(join(folder, name));
    return sum + (file.isFile() ? file.size : 0);
  }, 0);
}
