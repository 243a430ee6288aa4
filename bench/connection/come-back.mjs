import { setTimeout as pause } from 'node:timers/promises';
import { open, order } from './database.mjs';

const SPAN_MS = 100;

/** Many clients of one process, after an outage: how they come back. */
export async function comeBack({ app, clients, outageMs }) {
  let errors = 0;
  const failed = () => errors++;
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  const databases = Array.from({ length: clients }, () => open(app, 'through'));
  await Promise.all(databases.map((db) => db.ready()));
  const attempts = [];
  const openedAt = [];
  const all = new Promise((resolve) => {
    for (const db of databases) {
      db.subscribeQuery({ outages: {} }, ({ error }) => error && failed());
      db.subscribeConnection(({ state }) => {
        if (state === 'connecting') attempts.push(performance.now());
        if (state === 'open' && openedAt.push(performance.now()) === clients) resolve();
      });
    }
  });
  await pause(1_000);
  await order(app, 'outage');
  await pause(outageMs);
  await order(app, 'heal');
  await all;
  await Promise.all(databases.map((db) => db.close({ timeoutMs: 0 })));
  process.off('uncaughtException', failed);
  process.off('unhandledRejection', failed);
  return {
    allMs: openedAt.at(-1) - openedAt[0],
    attempts: attempts.length,
    busiest: mostWithin(attempts) / attempts.length,
    errors,
  };
}

/** The most of them that lie within any span. */
function mostWithin(times) {
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (time - times[first] >= SPAN_MS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
