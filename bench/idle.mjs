// Opens databases and lets them be. Prints what the process used of the processor meanwhile, in milliseconds a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { init } from '@instantdb/node';
import { NAMESPACE } from './namespace.mjs';

/** What the opening leaves to do: saving, compiling, collecting garbage. */
const SETTLE_MS = 2_000;

const [json, databases, queries, seconds] = process.argv.slice(2);
const { appId, apiURI, websocketURI } = JSON.parse(json);

await Promise.all(
  Array.from({ length: Number(databases) }, (_, n) =>
    opened(init({ appId, apiURI, websocketURI, instanceKey: String(n) })),
  ),
);
await sleep(SETTLE_MS);
const [began, before] = [performance.now(), process.cpuUsage()];
await sleep(Number(seconds) * 1_000);
const { user, system } = process.cpuUsage(before);
const perSecond = (user + system) / (performance.now() - began);
process.stdout.write(`${JSON.stringify({ perSecond })}\n`, () => process.exit());

/** Resolves once there is a session, and an answer to each live query. */
async function opened(db) {
  await db.ready();
  await Promise.all(
    Array.from({ length: Number(queries) }, (_, n) => {
      const query = { [NAMESPACE]: { $: { where: { value: n } } } };
      return new Promise((resolve) => db.subscribeQuery(query, resolve));
    }),
  );
}
