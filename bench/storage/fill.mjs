// What a first process leaves for a later one: the answers of many queries, or writes that wait. Prints what it made as
// one line of JSON.
import { randomUUID } from 'node:crypto';
import { groupQuery, NAMESPACE } from '../backend/schema.mjs';
import { openOurs } from './databases.mjs';
import { heldStore } from './held-store.mjs';

const WRITES_AT_ONCE = 1_000;

const [subject, options] = process.argv.slice(2).map((json) => JSON.parse(json));
const { what, count, heldFile } = options;
const store = heldStore({});
const db = (await openOurs(subject, { ...options, Store: store.Store }))();
if (what === 'queries') await cacheQueries();
else await leaveWrites();
await db.close();
if (subject.driver === 'class') store.save(heldFile);
process.stdout.write(`${JSON.stringify({ filled: count })}\n`, () => process.exit());

/** They stay live until the end, so that none is forgotten. */
async function cacheQueries() {
  const answers = Array.from({ length: count }, (_, index) => answered(groupQuery(index)));
  const empty = (await Promise.all(answers)).filter((data) => data[NAMESPACE].length === 0);
  if (empty.length > 0) throw new Error(`${empty.length} of ${count} queries had no answer`);
}

function answered(query) {
  return new Promise((resolve, reject) => {
    db.subscribeQuery(query, ({ data, error }) => (error ? reject(new Error(error.message)) : resolve(data)));
  });
}

async function leaveWrites() {
  for (let done = 0; done < count; done += WRITES_AT_ONCE) {
    const writes = Array.from({ length: Math.min(WRITES_AT_ONCE, count - done) }, (_, index) => {
      const value = done + index;
      return db.transact(db.tx.counters[randomUUID()].update({ value, note: `Write number ${value}` }));
    });
    await Promise.all(writes);
  }
}
