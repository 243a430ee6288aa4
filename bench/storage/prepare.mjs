import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { start } from '../process.mjs';
import { readHeld, recordOf } from './held-store.mjs';
import { startRedis } from './redis.mjs';
import { openers } from './subjects.mjs';

export const CACHED_QUERIES = 1_000;
export const LEFT_WRITES = 10_000;
/** Rows in the answer of each query. */
const GROUP_SIZE = 10;
/** Processes that fill storages at once. */
const FILLING_AT_ONCE = 2;

/**
 * @typedef {{ what: string, count: number, name: string, heldFile: string, appId: string }} Left
 *   what a process left behind in each storage, and in `heldFile` what it left in a class of core's
 * @typedef {{ folder: string, redis: Awaited<ReturnType<typeof startRedis>>, queries: Left, pending: Left, recordLength: number }} Prepared
 *   `recordLength`: characters that are kept of one write
 */

/**
 * Has a process of each storage leave what later ones find, in `folder`.
 * @param {string[]} command the runtime
 * @param {string} folder
 * @returns {Promise<Prepared>} `redis` is to be stopped at the end
 */
export async function prepare(command, folder) {
  const redis = await startRedis(folder);
  const backend = start([process.execPath], 'backend/server.mjs');
  try {
    const app = await backend.ask({ app: CACHED_QUERIES * GROUP_SIZE, groupSize: GROUP_SIZE });
    const place = { folder, redisURL: redis?.prepared, groupSize: GROUP_SIZE };
    const queries = left(place, 'queries', CACHED_QUERIES, app.appId);
    const pending = left(place, 'pending', LEFT_WRITES, randomUUID());
    // Core is given what this package kept in a class of core's.
    const subjects = openers({ hasRedis: redis !== undefined }).filter(({ kind }) => kind === 'ours');
    const fillings = subjects.flatMap((subject) => [
      () => fill(command, subject, { ...queries, websocketURI: app.uri }),
      () => fill(command, subject, pending),
    ]);
    await Promise.all(Array.from({ length: FILLING_AT_ONCE }, () => emptied(fillings)));
    return { folder, redis, queries, pending, recordLength: recordOf(readHeld(pending.heldFile)).length };
  } catch (error) {
    await redis?.stop();
    throw error;
  } finally {
    await backend.stop();
  }
}

/** Where there is nothing to be left, the place alone. */
export async function prepareNothing(folder) {
  return { folder, redis: await startRedis(folder) };
}

/** The arguments of a process for one storage, with a name of its own: two storages must not meet in one folder. */
export function optionsFor(subject, options) {
  return JSON.stringify({ ...options, name: `${options.name}-${subject.id}` });
}

function left(place, what, count, appId) {
  const name = `left-${what}`;
  return { ...place, what, count, appId, name, heldFile: join(place.folder, `${name}.json`) };
}

async function emptied(fillings) {
  for (let next = fillings.shift(); next; next = fillings.shift()) await next();
}

async function fill(command, subject, options) {
  const child = start(command, 'storage/fill.mjs', JSON.stringify(subject), optionsFor(subject, options));
  await child.read();
  await child.stop();
}
