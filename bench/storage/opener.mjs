// Opens, in a process that has done nothing else, what an earlier one left, and prints how long it took: until a live
// query has its first answer, or until the pending writes are listed.
import { setImmediate } from 'node:timers/promises';
import { groupQuery, NAMESPACE } from '../backend/schema.mjs';
import { openCore, openOurs } from './databases.mjs';
import { forCore, heldStore, readHeld } from './held-store.mjs';

const [subject, options] = process.argv.slice(2).map((json) => JSON.parse(json));
const { what, count, groupSize, heldFile } = options;
const open = await opening();

const started = performance.now();
const db = open();
const found = await (what === 'queries' ? firstAnswer() : listed());
const ms = performance.now() - started;

const wanted = what === 'queries' ? groupSize : count;
if (found !== wanted) throw new Error(`Found ${found} of ${wanted}`);
await (subject.kind === 'core' ? db.shutdown() : db.close({ timeoutMs: 0 }));
process.stdout.write(`${JSON.stringify({ ms })}\n`, () => process.exit());

/** All that is there before the clock starts: the package, and what stands for a disk where there is none. */
async function opening() {
  const isHeld = subject.kind === 'core' || subject.driver === 'class';
  const held = isHeld ? readHeld(heldFile) : {};
  if (subject.kind === 'core') return openCore({ ...options, Store: heldStore(forCore(held)).Store });
  return openOurs(subject, { ...options, Store: heldStore(held).Store });
}

/** Rows in the first answer. */
function firstAnswer() {
  return new Promise((resolve, reject) => {
    // One from the middle: core loads the ten newest beforehand.
    db.subscribeQuery(groupQuery(Math.floor(count / 2)), ({ data, error }) => {
      if (error) reject(new Error(error.message));
      else resolve(data[NAMESPACE].length);
    });
  });
}

/** Nothing tells when they are there. */
async function listed() {
  const size = () =>
    subject.kind === 'core' ? db._reactor._pendingMutations().size : db.stats().pendingTransactions;
  while (size() < count) await setImmediate();
  return subject.kind === 'core' ? size() : db.pendingTransactions().length;
}
