// One process of a backlog. {"task": "enqueue"} makes writes without a network, for a later process to deliver;
// {"task": "deliver"} opens what such a one left, with a network; {"task": "both"} does one after the other, where nothing
// outlives the process. Prints what it took as one line of JSON.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { NAMESPACE, valuesAt } from '../backend/schema.mjs';
import { openOurs } from './databases.mjs';

const WRITES_AT_ONCE = 1_000;
const LOOK_MS = 5;
const GROUP_SIZE = 10;

const [subject, options] = process.argv.slice(2).map((json) => JSON.parse(json));
const { task, count } = options;
const network = switchedNetwork();
const openDatabase = await openOurs(subject, { ...options, network: network.Listener });
const started = performance.now();
const db = openDatabase();
const answer = {};
if (task !== 'deliver') Object.assign(answer, await enqueued());
if (task !== 'enqueue') Object.assign(answer, await delivered(task === 'both' ? performance.now() : started));
await db.close({ timeoutMs: 0 });
process.stdout.write(`${JSON.stringify({ ...answer, peakMB: peakMB() })}\n`, () => process.exit());

/** The attributes are known, as they are to a program that was online before. */
async function enqueued() {
  await db.ready();
  network.set(false);
  const begun = performance.now();
  for (let done = 0; done < count; done += WRITES_AT_ONCE) {
    const writes = Array.from({ length: Math.min(WRITES_AT_ONCE, count - done) }, (_, index) => {
      return db.transact(db.tx[NAMESPACE][randomUUID()].update(valuesAt(done + index, GROUP_SIZE)));
    });
    await Promise.all(writes);
  }
  return { enqueueUs: ((performance.now() - begun) * 1_000) / count };
}

/** Nothing tells of an answer to a write of an earlier process: looked for again and again. */
async function delivered(begun) {
  network.set(true);
  const waiting = () => db.stats().pendingTransactions;
  let most = waiting();
  while (most < count) {
    await setTimeout(LOOK_MS);
    // It may be read and sent within one look, but is not answered then.
    most = Math.max(most, waiting());
    if (most > 0 && waiting() < most) break;
  }
  while (waiting() === most) await setTimeout(LOOK_MS);
  const firstMs = performance.now() - begun;
  while (waiting() > 0) await setTimeout(LOOK_MS);
  return { firstMs, deliverUs: ((performance.now() - begun) * 1_000) / count };
}

/** Core's listener of the network, of a network that is there until it is switched off. */
function switchedNetwork() {
  let isOnline = true;
  const listeners = new Set();
  return {
    Listener: {
      getIsOnline: async () => isOnline,
      listen(change) {
        listeners.add(change);
        return () => listeners.delete(change);
      },
    },
    set(now) {
      if (isOnline === now) return;
      isOnline = now;
      for (const change of listeners) change(now);
    },
  };
}

/** The most memory that this process had at once; where the system does not say it, what it has now. */
function peakMB() {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(kilobytes) / 1_024;
  } catch {
    return process.memoryUsage().rss / 2 ** 20;
  }
}
