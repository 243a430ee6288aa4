// Writes and asks once; with `throwing`, subscribers of all channels throw, and what the process catches of that is
// counted. Prints one line of what it got.
import { subscribe } from 'node:diagnostics_channel';
import { id, init, tx } from '@instantdb/node';

/** What the process is given as its argument. */
export interface Input {
  appId: string;
  apiURI: string;
  websocketURI: string;
  /** The channels whose subscribers throw. */
  throwing: string[];
}

const { throwing, ...options } = JSON.parse(process.argv[2] ?? '') as Input;
let caught = 0;
process.on('uncaughtException', (error) => {
  if (error.message === 'of a subscriber') caught++;
  else throw error;
});
for (const name of throwing) {
  subscribe(name, () => {
    throw new Error('of a subscriber');
  });
}
const db = init(options);
await db.ready();
const { status } = (await db.transact(tx.goals?.[id()]?.create({ title: 'a value' }) as never)) as {
  status: string;
};
const { data } = (await db.queryOnce({ goals: {} } as never)) as { data: { goals: unknown[] } };
await db.close();
console.log(JSON.stringify({ status, goals: data.goals.length, caught: caught > 0 }));
