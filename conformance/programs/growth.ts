// Does the same work again and again, and says after each round what the process holds.
import { id, init, type NodeConfig } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { held } from '../support/held.ts';

/** What the process is given as its argument. */
export interface Input {
  /** Where the server is; undefined for one in this process, which is then looked at too. */
  config: NodeConfig | undefined;
  work: Work;
  /** How many of each thing a round makes. */
  count: number;
  rounds: number;
}

/** What a round is made of. */
export type Work = keyof typeof rounds;

const { config: given, work, count, rounds: howMany } = JSON.parse(process.argv.at(-1) ?? '') as Input;
const backend = given ? undefined : await startBackend();
const config = given ?? {
  appId: backend?.createApp().id ?? '',
  apiURI: backend?.url,
  websocketURI: backend?.websocketURI,
};
/** How many things are under way at once. */
const AT_ONCE = 50;

let isOnline = true;
let tellOnline = (_isOnline: boolean): void => {};
const network = {
  getIsOnline: () => Promise.resolve(isOnline),
  listen(change: (isOnline: boolean) => void): () => void {
    tellOnline = change;
    return () => {};
  },
};
const db = init({ ...config, network });
const rows = Array.from({ length: 20 }, () => id());
/** Makes what a round makes distinct from what all others made. */
let made = 0;
/** What is there throughout all reconnects. */
let live: [ReturnType<typeof enter>, ReturnType<typeof subscribe>] | undefined;

const rounds = {
  async subscriptions() {
    await inBatches((n) => subscription(n));
  },
  async transactions() {
    await inBatches(async (n) => {
      await db.transact(db.tx.goals?.[rows[n % rows.length] ?? '']?.update({ title: `t${n}` }) ?? []);
    });
  },
  async rooms() {
    await inBatches((n) => room(n));
  },
  async databases() {
    await inBatches(async (n) => {
      const one = init({ ...config, instanceKey: String(n) });
      one.joinRoom('chat', `room ${n}`).subscribePresence({}, () => {});
      one.subscribeQuery({ goals: {} }, () => {});
      await one.ready();
      await one.close();
    });
  },
  /** Nothing can be answered: all of it is left again before there is a session. */
  async offline() {
    goOnline(false);
    for (let n = 0; n < count; n++) {
      const [stop, leave] = [subscribe(++made).stop, enter(made, true).leave];
      stop();
      leave();
    }
    goOnline(true);
    await db.ready();
  },
  /** A thousand writes that wait slow live queries down, which is remembered of each. */
  async waiting() {
    goOnline(false);
    const writes = Array.from({ length: 1_100 }, (_, n) =>
      db.transact(db.tx.goals?.[rows[n % rows.length] ?? '']?.update({ title: `w${n}` }) ?? []),
    );
    for (let n = 0; n < count; n++) subscribe(++made).stop();
    await Promise.all(writes);
    goOnline(true);
    await db.ready();
    await until(() => db.pendingTransactions().length === 0);
  },
  /** Whoever started this cuts the connection at each of these lines. */
  async reconnects() {
    live ??= [enter(++made, false), subscribe(made)];
    await Promise.all([live[0].told, live[1].answered]);
    for (let n = 0; n < count; n++) {
      const before = db.stats().connections;
      console.log('cut');
      await until(() => db.stats().connections > before && db.stats().status === 'authenticated');
    }
  },
};

async function inBatches(each: (n: number) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, () => each(++made)));
  }
}

function subscribe(n: number): { answered: Promise<void>; stop: () => void } {
  let stop = (): void => {};
  const answered = new Promise<void>((resolve) => {
    stop = db.subscribeQuery({ goals: { $: { where: { title: `q${n}` } } } }, () => resolve());
  });
  return { answered, stop };
}

/** Every third is left before its answer, and every second is subscribed to twice. */
async function subscription(n: number): Promise<void> {
  const first = subscribe(n);
  const second = n % 2 === 1 ? subscribe(n) : first;
  if (n % 3 !== 0) await Promise.all([first.answered, second.answered]);
  second.stop();
  if (first !== second) first.stop();
  if (n % 5 === 0) await db.queryOnce({ goals: { $: { where: { title: `o${n}` } } } });
}

function enter(n: number, isTalkative: boolean): { told: Promise<void>; leave: () => void } {
  const name = db.joinRoom('chat', `room ${n}`, { initialPresence: { n } });
  const stopTopic = name.subscribeTopic('wave', () => {});
  let stopPresence = (): void => {};
  const told = new Promise<void>((resolve) => {
    stopPresence = name.subscribePresence({}, ({ isLoading }) => {
      if (!isLoading) resolve();
    });
  });
  if (isTalkative) name.publishTopic('wave', { hand: 'left' });
  const leave = (): void => {
    stopTopic();
    stopPresence();
    name.leaveRoom();
  };
  return { told, leave };
}

/** Every third is left before the server has answered, with what was to be said there. */
async function room(n: number): Promise<void> {
  const { told, leave } = enter(n, n % 2 === 0);
  if (n % 3 !== 0) await told;
  leave();
}

function goOnline(next: boolean): void {
  isOnline = next;
  tellOnline(next);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

await db.ready();
// Opens what lines are printed to.
console.log('ready');
for (let round = 0; round < howMany; round++) {
  await rounds[work]();
  await db.queryOnce({ goals: {} });
  console.log(JSON.stringify(await held()));
}
await db.close();
await backend?.close();
