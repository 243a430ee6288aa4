// Writes until its storage is another's, and says how each write ended, a JSON value a line.
import { setTimeout } from 'node:timers/promises';
import { id, init, isInstantNodeError, type NodeConfig } from '@instantdb/node';

/** How a write ended: as its promise resolved, or with an error. */
export type End = { pid: number; title: string } & ({ status: string } | { code: unknown; outcome: unknown });

const db = init(JSON.parse(process.argv[2] ?? '') as NodeConfig);
// What is told there is said by the writes themselves.
db.subscribeErrors(() => {});
const writing: Promise<boolean>[] = [];

/** Whether the database goes on. */
async function write(title: string): Promise<boolean> {
  const said = { pid: process.pid, title };
  const say = (end: End): void => console.log(JSON.stringify(end));
  try {
    const { status } = await db.transact(db.tx.goals?.[id()]?.update({ title }) ?? []);
    say({ ...said, status });
    return true;
  } catch (error) {
    if (!isInstantNodeError(error)) throw error;
    say({ ...said, code: error.code, outcome: error.outcome });
    return false;
  }
}

await db.ready();
let goesOn = true;
for (let count = 1; goesOn; count++) {
  const ended = write(`${count}`);
  writing.push(ended);
  void ended.then((is) => {
    goesOn &&= is;
  });
  await setTimeout(2);
}
await Promise.all(writing);
await db.close();
