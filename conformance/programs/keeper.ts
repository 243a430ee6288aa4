// Writes into a storage without a network, keeps what it wrote last pending, and some of all that came before, and says of
// each write that it is kept and, before it gives it up, that it is to end: `<what> <number> <time>` a line.
import { type InstantNodeDatabase, id, init, type NodeConfig } from '@instantdb/node';

/** What the process is given as its argument. */
export interface KeeperInput {
  /** With `encryptionKey` as base64. */
  config: NodeConfig;
}

/** Of each loop; with what is given up, a log of the filesystem's is written anew every few hundred writes. */
const PENDING = 40;
/**
 * The first of so many is never given up. On a busy machine all of the others may be given up while one copy is made, after
 * which there would be nothing to look for in it.
 */
const FOR_GOOD = 500;
const PAD = 'x'.repeat(5_000);
const LOOPS = 3;

type Chunk = { update(fields: object): Chunk };

const { config } = JSON.parse(process.argv[2] ?? '') as KeeperInput;
const { encryptionKey } = config;
const db: InstantNodeDatabase = init({
  ...config,
  ...(typeof encryptionKey === 'string' ? { encryptionKey: Buffer.from(encryptionKey, 'base64') } : {}),
  network: { getIsOnline: () => Promise.resolve(false), listen: () => undefined },
});
const tx = db.tx as unknown as Record<'logs' | 'marks', Record<string, Chunk>>;
const say = (what: string, value: number | string): void => {
  process.stdout.write(`${what} ${value} ${Date.now()}\n`);
};

let last = 0;

async function writeOn(): Promise<never> {
  const kept: { n: number; eventId: string }[] = [];
  for (;;) {
    last++;
    const n = last;
    // Two entities of one number, so that a write of which half is there can be told from a whole one.
    const result = await db.transact([
      tx.logs[id()]?.update({ n, pad: PAD }),
      tx.marks[id()]?.update({ n }),
    ] as never);
    say('kept', n);
    if (n % FOR_GOOD === 1) continue;
    kept.push({ n, eventId: (result as unknown as { eventId: string }).eventId });
    const oldest = kept.length > PENDING ? kept.shift() : undefined;
    if (!oldest) continue;
    say('ending', oldest.n);
    await db.discardTransaction(oldest.eventId);
  }
}

say('device', await db.getLocalId('device'));
await Promise.all(Array.from({ length: LOOPS }, writeOn));
