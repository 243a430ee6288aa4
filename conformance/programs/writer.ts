import { id, init, type NodeConfig } from '@instantdb/node';

/** What the process is given as its argument. */
export interface WriterInput {
  /** With `encryptionKey` as base64. */
  config: NodeConfig;
  /** `write` writes until it is killed; `drain` delivers what is kept, and ends. */
  task: 'write' | 'drain';
  isOnline: boolean;
  /** How many writes are made before the first is waited for. */
  inFlight: number;
  /** The first write has the number after this. */
  from: number;
  /** The id of the entity that holds the number of the last write. */
  head: string;
}

type Chunk = { update(fields: object): Chunk };

const { config, task, isOnline, inFlight, from, head } = JSON.parse(process.argv[2] ?? '') as WriterInput;
const { encryptionKey } = config;
const db = init({
  ...config,
  ...(typeof encryptionKey === 'string' ? { encryptionKey: Buffer.from(encryptionKey, 'base64') } : {}),
  network: { getIsOnline: () => Promise.resolve(isOnline), listen: () => undefined },
});
const tx = db.tx as unknown as Record<'logs' | 'marks' | 'heads', Record<string, Chunk>>;

let last = from;

async function writeOn(): Promise<never> {
  for (;;) {
    last++;
    const n = last;
    // Two entities of one number, so that a write of which half arrives can be told from a whole one.
    const { status } = await db.transact([
      tx.heads[head]?.update({ last: n }),
      tx.logs[id()]?.update({ n, pad: 'x'.repeat(n % 200) }),
      tx.marks[id()]?.update({ n }),
    ] as never);
    process.stdout.write(`${n} ${status}\n`);
  }
}

async function drain(): Promise<void> {
  await db.ready();
  while (db.pendingTransactions().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await db.close();
  process.stdout.write('drained\n');
}

if (task === 'drain') await drain();
else await Promise.all(Array.from({ length: inFlight }, writeOn));
