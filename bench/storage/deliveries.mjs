import { randomUUID } from 'node:crypto';
import { start } from '../process.mjs';
import { optionsFor } from './prepare.mjs';
import { openers } from './subjects.mjs';

/** How many writes an earlier process left. */
export const DELIVERED = [1_000, 100_000];

/**
 * @typedef {{ firstMs: number, allMs: number, mebibytes: number }} Delivery
 * @typedef {{ subjects: import('./subjects.mjs').Subject[], samples: Record<string, Record<number, Delivery>> }} Deliveries
 */

/**
 * Has each storage that lies outside the process deliver what an earlier process left, once for each size.
 * @param {string[]} command the runtime
 * @param {import('./prepare.mjs').Prepared} prepared
 * @returns {Promise<Deliveries>}
 */
export async function measureDeliveries(command, { folder, redis }) {
  const subjects = openers({ hasRedis: redis !== undefined }).filter(
    ({ kind, driver, isSealed }) => kind === 'ours' && driver !== 'class' && !isSealed,
  );
  const samples = {};
  for (const subject of subjects) {
    samples[subject.id] = {};
    for (const size of DELIVERED) {
      samples[subject.id][size] = await deliver(command, subject, size, {
        folder,
        redisURL: redis?.measured,
      });
      redis?.forgetMeasured();
    }
  }
  return { subjects, samples };
}

async function deliver(command, subject, count, place) {
  const backend = start([process.execPath], 'backend/server.mjs');
  try {
    const { appId, uri } = await backend.ask({ app: 0, groupSize: 1 });
    const left = { ...place, what: 'pending', count, appId, name: `deliver-${randomUUID()}` };
    const filling = start(command, 'storage/fill.mjs', JSON.stringify(subject), optionsFor(subject, left));
    await filling.read();
    await filling.stop();
    const options = optionsFor(subject, { ...left, websocketURI: uri });
    const child = start(command, 'storage/drain.mjs', JSON.stringify(subject), options);
    const sample = await child.read();
    await child.stop();
    return sample;
  } finally {
    await backend.stop();
  }
}
