import { writeSync } from 'node:fs';
import { id, init, type NodeConfig } from '@instantdb/node';

/** What the process is given as its argument. */
export interface ManyWriterInput {
  config: NodeConfig;
  /**
   * `write` makes `count` writes in one turn and says which are acknowledged; `look` says which are kept
   * and waits for its end; `deliver` has them sent to the last, closes and ends.
   */
  task: 'write' | 'look' | 'deliver';
  /** How many writes `write` makes, with the titles `<number> <padding>` from 1 on. */
  count: number;
  /** How long the padding is. */
  padding: number;
}

const { config, task, count, padding } = JSON.parse(process.argv[2] ?? '') as ManyWriterInput;
const db = init({
  ...config,
  network: { getIsOnline: () => Promise.resolve(task !== 'write'), listen: () => undefined },
});
const tx = db.tx as unknown as Record<'goals', Record<string, { update(fields: object): never }>>;

// At once, so that the other process knows of an acknowledgement before this one can be killed.
const say = (line: string): void => {
  try {
    writeSync(1, `${line}\n`);
  } catch (error) {
    // The other process has not read what is in the pipe yet.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    say(line);
  }
};

function write(): void {
  const pad = 'x'.repeat(padding);
  for (let n = 1; n <= count; n++) {
    const made = db.transact(tx.goals[id()]?.update({ title: `${n} ${pad}` }) as never);
    void made.then(({ status }) => say(`${n} ${status}`));
  }
  say('made');
}

async function look(): Promise<void> {
  await db.ready();
  say(`kept ${db.pendingTransactions().map(({ eventId }) => eventId)}`);
}

async function deliver(): Promise<void> {
  await db.ready();
  while (db.stats().pendingTransactions > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await db.close();
  say('delivered');
}

const tasks = { write, look, deliver };
await tasks[task]();
