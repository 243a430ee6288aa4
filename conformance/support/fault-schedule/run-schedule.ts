import { deepStrictEqual } from 'node:assert';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { type InstantNodeDatabase, init, type NodeConfig } from '@instantdb/node';
import type { Backend, BackendApp } from '@instantdb/node/backend';
import { type FaultProxy, startFaultProxy } from '../fault-proxy/start-fault-proxy.ts';
import { freshKey } from '../open.ts';
import { type Schema, schema } from '../schema.ts';
import { happen } from './faults-of.ts';
import { Lobby } from './lobby.ts';
import { type Goal, Questions } from './questions.ts';
import type { Deed, Schedule, Step } from './steps.ts';
import { Tale } from './tale.ts';
import { Tally } from './tally.ts';

/** Everything in a fraction of the time that it would take a client of production. */
const CONNECTION: NodeConfig['connection'] = {
  connectTimeoutMs: 400,
  initTimeoutMs: 400,
  silenceMs: 200,
  probeTimeoutMs: 200,
  firstRetryMs: 5,
  maxRetryMs: 40,
  stableMs: 50,
};

interface Client {
  readonly name: string;
  readonly db: InstantNodeDatabase<Schema>;
  readonly proxy: FaultProxy;
  readonly tally: Tally;
  readonly lobby: Lobby;
  readonly questions: Questions;
  /** What it reported that no network explains. */
  readonly reported: string[];
}

/**
 * Runs a schedule against an app of its own on `backend`: each client has a network of its own, on which the faults
 * happen. In the end everything heals, and what the clients see must be what the backend has. Fails with what differs,
 * or after `patienceMs` with what has not come.
 */
export async function runSchedule(backend: Backend, schedule: Schedule, patienceMs: number): Promise<void> {
  const app = backend.createApp({ schema });
  const fresh = openAt(backend, app, { adminToken: app.adminToken });
  const clients: Client[] = [];
  try {
    for (let index = 0; index < schedule.clients; index++)
      clients.push(await enter(backend, app, index, schedule));
    const [first, second] = clients;
    if (!first || !second) throw new RangeError('Cannot run a schedule: it has less than two clients');
    const tale = new Tale(first.db, second.db, 'tale');
    for (const step of schedule.steps) await carryOut(step, clients, tale);
    for (const { proxy } of clients) {
      await proxy.admit();
      proxy.heal();
    }
    await agree(clients, fresh, tale, patienceMs);
  } finally {
    await Promise.all([fresh, ...clients.map(({ db }) => db)].map((db) => db.close({ timeoutMs: 0 })));
    await Promise.all(clients.map(({ proxy }) => proxy.close()));
  }
}

function openAt(
  { url, websocketURI }: Pick<Backend, 'url' | 'websocketURI'>,
  app: BackendApp,
  options: Partial<NodeConfig<Schema>>,
): InstantNodeDatabase<Schema> {
  return init<Schema>({
    schema,
    instanceKey: freshKey(),
    appId: app.id,
    apiURI: url,
    websocketURI,
    disableValidation: true,
    ...options,
  });
}

/** The first two may do everything, so that there are streams; the last may be a user. */
async function enter(backend: Backend, app: BackendApp, index: number, schedule: Schedule): Promise<Client> {
  const proxy = await startFaultProxy(backend);
  const isAdmin = index < 2;
  const db = openAt(proxy, app, { connection: CONNECTION, ...(isAdmin && { adminToken: app.adminToken }) });
  if (!isAdmin && schedule.hasUser) await db.auth.signInAsGuest();
  const name = `client${index}`;
  const reported: string[] = [];
  db.subscribeErrors(({ code, message }) => {
    if (code !== 'connection-failed') reported.push(`${code}: ${message}`);
  });
  return {
    name,
    db,
    proxy,
    tally: new Tally(db, name),
    lobby: new Lobby(db, name),
    questions: new Questions(db),
    reported,
  };
}

async function carryOut(step: Step, clients: readonly Client[], tale: Tale): Promise<void> {
  if (step.is === 'pause') {
    await pause(step.ms);
    return;
  }
  const client = clients[step.client];
  if (!client) throw new RangeError(`Cannot carry out a step: there is no client ${step.client}`);
  if (step.is === 'deed') act(client, tale, step.what, step.n);
  else await happen(client.proxy, step.what, step.n, () => client.db.reconnect());
  await turn();
}

function act({ tally, lobby, questions }: Client, tale: Tale, what: Deed, n: number): void {
  const deeds: Record<Deed, () => void> = {
    write: () => tally.write(),
    'bad write': () => tally.writeBad(),
    join: () => lobby.join(),
    leave: () => lobby.leave(),
    present: () => lobby.present(n),
    topic: () => lobby.say(),
    follow: () => questions.follow(n),
    unfollow: () => questions.unfollow(n),
    ask: () => questions.ask(n),
    append: () => tale.append(n),
  };
  deeds[what]();
}

async function agree(
  clients: readonly Client[],
  fresh: InstantNodeDatabase<Schema>,
  tale: Tale,
  patienceMs: number,
): Promise<void> {
  const observer = new Lobby(fresh, '');
  const within = limited(patienceMs);
  const ask = async (query: object): Promise<readonly Goal[]> =>
    (await fresh.queryOnce(query as { goals: object })).data.goals as Goal[];
  await within('a promise of a write', Promise.all(clients.map(({ tally }) => tally.settled())));
  await within('an answer', Promise.all(clients.map(({ questions }) => questions.answered())));
  await within(
    'an end of each write',
    until(async () => clients.every(({ tally }) => tally.isComplete)),
  );
  const goals = await ask({ goals: {} });
  for (const { tally } of clients) tally.check(goals);
  const agreed = until(async () =>
    (await Promise.all(clients.map(({ questions }) => questions.agrees(ask)))).every(Boolean),
  );
  await within('agreement', agreed).catch(() => {});
  for (const { questions } of clients) await questions.check(ask);
  observer.join();
  const there = (but?: Client): string[] =>
    clients.flatMap((one) => (one === but || !one.lobby.nickname ? [] : [one.lobby.nickname]));
  const isSeen = async (): Promise<boolean> =>
    observer.sees(there()) && clients.every((one) => one.lobby.sees([...there(one), ' came']));
  await within(
    () =>
      `who is there: ${[observer, ...clients.map(({ lobby }) => lobby)].map((one) => one.described()).join('; ')}`,
    until(isSeen),
  );
  // In about one of a hundred schedules on a busy machine the writer or the reader of a stream waits for ever, as yet
  // without a known cause: so this is looked at only when asked for.
  if (process.env.FAULT_STREAMS) await within(() => `the stream: ${tale.stage}`, tale.check(fresh));
  for (const { lobby, reported, name } of clients) {
    lobby.check();
    deepStrictEqual(reported, [], `${name} reported`);
  }
}

/** Waits for a promise, and fails when it takes longer than a client could need. */
function limited(ms: number): (what: string | (() => string), promise: Promise<unknown>) => Promise<void> {
  return async (what, promise) => {
    const stop = new AbortController();
    const late = pause(ms, 'late', { signal: stop.signal }).catch(() => 'stopped');
    const first = await Promise.race([promise, late]).finally(() => stop.abort());
    if (first === 'late') throw new Error(`Waited ${ms} ms for ${typeof what === 'string' ? what : what()}`);
  };
}

async function until(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await pause(5);
}
