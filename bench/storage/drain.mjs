// Opens, in a process that has done nothing else, what an earlier one left, and delivers it. Prints how long it took until
// the first write was acknowledged and until all were, and the most memory that the process had meanwhile.
import { setTimeout as wait } from 'node:timers/promises';
import { openOurs } from './databases.mjs';

const LOOK_EVERY_MS = 5;

const [subject, options] = process.argv.slice(2).map((json) => JSON.parse(json));
const open = await openOurs(subject, options);

const started = performance.now();
const elapsed = () => performance.now() - started;
let peak = 0;
let firstMs;
const db = open();
await db.ready();
const found = db.stats().pendingTransactions;
if (found !== options.count) throw new Error(`Found ${found} of ${options.count} writes`);
for (let left = found; left > 0; left = db.stats().pendingTransactions) {
  if (left < found) firstMs ??= elapsed();
  peak = Math.max(peak, process.memoryUsage.rss());
  await wait(LOOK_EVERY_MS);
}
const allMs = elapsed();
await db.close();
const sample = { firstMs: firstMs ?? allMs, allMs, mebibytes: peak / 1_048_576 };
process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit());
