import { id, init, type NodeConfig } from '@instantdb/node';

/** What the process is to do, one after the other, with one database. */
export type Step =
  | 'ready'
  | 'query'
  | 'transact'
  | 'close'
  | 'shutdown'
  | 'hold'
  | 'let-go'
  | 'be-told'
  | 'close-on-change'
  | 'close-when-told'
  | 'say-if-held';

/** What the process is given as its argument. */
export interface Input {
  config: NodeConfig;
  steps: Step[];
}

const { config, steps } = JSON.parse(process.argv[2] ?? '') as Input;
const db = init(config);
let hold: NodeJS.Timeout | undefined;

const perform: Record<Step, () => unknown> = {
  ready: () => db.ready(),
  query: () => db.queryOnce({ goals: {} }),
  transact: () => db.transact(db.tx.goals?.[id()]?.update({ title: 'Run' }) ?? []),
  close: () => db.close(),
  shutdown: () => db.shutdown(),
  hold: () => {
    hold = setInterval(() => {}, 1_000_000);
  },
  'let-go': () => clearInterval(hold),
  'be-told': () => new Promise<unknown>((resolve) => db.subscribeErrors(resolve)),
  'close-when-told': async () => {
    await new Promise<unknown>((resolve) => db.subscribeErrors(resolve));
    // It rejects where what is left cannot be saved.
    await Promise.allSettled([db.close()]);
  },
  'say-if-held': () => sayIfHeld(),
  'close-on-change': () => {
    db.subscribeConnectionStatus((status) => console.log(status));
    db.subscribeQuery({ goals: {} }, ({ data }) => {
      if (data?.goals?.length) void db.close().then(() => console.log('closed'));
    });
  },
};

/**
 * Says that something holds the process 100 ms later. In ten turns: one passes however late it ends, so that a busy
 * machine is not taken for it.
 */
function sayIfHeld(turns = 10): void {
  const next = (): void =>
    turns === 1 ? console.log('held', process.getActiveResourcesInfo?.()) : sayIfHeld(turns - 1);
  setTimeout(next, 10).unref();
}

for (const step of steps) {
  await perform[step]();
  console.log(step);
}
