import { pid } from 'node:process';
import { id, init } from '@instantdb/node';

/** What the process is given as its argument. */
export interface StoppedWriterInput {
  config: { appId: string; apiURI: string; websocketURI: string };
  /** How many writes it makes. */
  count: number;
}

type Chunk = { update(fields: object): Chunk };

const { config, count } = JSON.parse(process.argv[2] ?? '') as StoppedWriterInput;
const db = init(config);
const tx = db.tx as unknown as Record<'goals', Record<string, Chunk>>;
await db.ready();
const writes = Array.from({ length: count }, (_, n) =>
  db.transact(tx.goals[id()]?.update({ title: `${n}` }) as never),
);
console.log(JSON.stringify({ pid }));
const results = await Promise.all(writes);
const { connections } = db.stats();
console.log(JSON.stringify({ statuses: results.map(({ status }) => status), connections }));
await db.close();
