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
  | 'close-on-change';

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
  'close-on-change': () => {
    db.subscribeConnectionStatus((status) => console.log(status));
    db.subscribeQuery({ goals: {} }, ({ data }) => {
      if (data?.goals?.length) void db.close().then(() => console.log('closed'));
    });
  },
};

for (const step of steps) {
  await perform[step]();
  console.log(step);
}
