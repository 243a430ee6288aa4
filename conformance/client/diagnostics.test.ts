import { randomUUID } from 'node:crypto';
import { type InstantNodeDatabase, id } from '@instantdb/node';
import { expect, onTestFinished, test } from 'vitest';
import { buildProgram } from '../support/child.ts';
import { classStore } from '../support/class-store.ts';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { allChannels, channelsOf, type Heard, hear } from '../support/heard.ts';
import { eventIdOf, follow, freshKey, open, serveApp } from '../support/open.ts';
import { author, goal, type Schema } from '../support/schema.ts';
import { temporaryFolder } from '../support/sqlite.ts';

const freshId = randomUUID();

const place = (appId: string): object => ({
  appId,
  instanceKey: expect.any(String),
  host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
});

/** The events of a traced call, in order. */
const eventsOf = (heard: readonly Heard[]): string[] =>
  heard.map(({ name }) => name.slice(name.lastIndexOf(':') + 1));
const payloadsOf = (heard: readonly Heard[]): unknown[] => heard.map(({ payload }) => payload);
const isEnd = ({ name }: Heard): boolean => name.endsWith(':asyncEnd');

test('transact() is traced from the call until its promise settles', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, channelsOf('instant:transact'));
  const db = open(address);
  await db.ready();
  const ann = id();
  const made = await db.transact([
    author(ann).create({ name: 'Ann' }),
    goal(id()).create({ title: 'one' }).link({ author: ann }),
  ]);
  const eventId = eventIdOf(made);
  expect(eventsOf(heard.all)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  const begun = { ...place(address.appId), namespaces: ['authors', 'goals'], changes: 3 };
  const over = { ...begun, eventId, status: 'synced', durationMs: expect.any(Number) };
  expect(payloadsOf(heard.all)).toEqual([begun, { ...begun, eventId }, over, over]);
});

test('transact() that is refused is traced with the kind of the error, and rejects as it would', async () => {
  const server = await fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'transact'
        ? refusalOf(message, { type: 'permission-denied', message: 'Not "a value"', status: 403 })
        : good,
  });
  const { appId } = server.address;
  const heard = hear(appId, [...channelsOf('instant:transact'), 'instant:transaction']);
  const db = open(server.address);
  await db.ready();
  const error = await db.transact(goal(id()).create({ title: 'a value' })).catch((reason) => reason);
  expect(error).toMatchObject({ type: 'permission-denied' });
  const kind = { name: expect.any(String), code: 'permission-denied', status: expect.any(Number) };
  expect((await heard.first(isEnd)).payload).toMatchObject({ changes: 1, error: kind });
  expect(heard.all.filter(({ name }) => name.endsWith(':error'))).toHaveLength(1);
  const [sent, refused] = heard.all.filter(({ name }) => name === 'instant:transaction');
  expect(sent?.payload).toMatchObject({ ...place(appId), event: 'sent', steps: 2 });
  expect(refused?.payload).toMatchObject({ event: 'refused', eventId: sent?.payload.eventId, error: kind });
});

test('a write is told of when it is sent and when it is confirmed', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, ['instant:transaction']);
  const db = open(address);
  await db.ready();
  const eventId = eventIdOf(await db.transact(goal(id()).create({ title: 'one' })));
  const about = { ...place(address.appId), eventId, steps: 2, ageMs: expect.any(Number) };
  expect(payloadsOf(heard.all)).toEqual([
    { ...about, event: 'sent' },
    { ...about, event: 'confirmed', txId: expect.any(Number) },
  ]);
});

test('a write that is discarded is told of as taken back', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, ['instant:transaction', ...channelsOf('instant:transact')]);
  const db = open({ ...address, websocketURI: 'ws://127.0.0.1:1/runtime/session' });
  const eventId = eventIdOf(await db.transact(goal(id()).create({ title: 'one' })));
  await db.discardTransaction(String(eventId));
  expect(heard.all.find(isEnd)?.payload).toMatchObject({ eventId, status: 'enqueued' });
  expect(heard.all.at(-1)?.payload).toMatchObject({
    event: 'taken-back',
    eventId,
    error: { name: 'InstantNodeError', code: 'discarded' },
  });
});

test('queryOnce() is traced by the names that it asks for, without its conditions', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, channelsOf('instant:query-once'));
  const db = open(address);
  await db.ready();
  await db.transact([1, 2].map((n) => goal(id()).create({ title: `value-${n}`, priority: n })));
  await db.queryOnce({ goals: { $: { where: { title: 'value-1' } }, author: {} } });
  await db.queryOnce({ goals: { $: { where: { title: 'value-2' } }, author: {} }, authors: {} });
  expect(eventsOf(heard.all.slice(0, 4))).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  const [one, two] = heard.all.filter(isEnd);
  const about = { ...place(address.appId), hash: expect.any(String), durationMs: expect.any(Number) };
  expect(one?.payload).toEqual({
    ...about,
    shape: '{ goals: { author } }',
    namespaces: ['goals'],
    entities: 1,
  });
  expect(two?.payload).toEqual({
    ...about,
    shape: '{ goals: { author }, authors }',
    namespaces: ['goals', 'authors'],
    entities: 1,
  });
  expect(JSON.stringify(heard.all)).not.toContain('value-');
});

test.each<[string, string, (db: InstantNodeDatabase<Schema>) => Promise<unknown>]>([
  ['is aborted', 'AbortError', (db) => db.queryOnce({ goals: {} }, { signal: AbortSignal.abort() })],
  ['is not answered in time', 'timeout', (db) => db.queryOnce({ goals: {} }, { timeoutMs: 1 })],
  ['does not fit the schema', 'QueryValidationError', (db) => db.queryOnce({ gaols: {} } as never)],
])('queryOnce() that %s is traced with "%s"', async (_, code, ask) => {
  const { address } = await fakeInstant({
    answer: (message, _peer, good) => (message.op === 'add-query' ? undefined : good),
  });
  const heard = hear(address.appId, channelsOf('instant:query-once'));
  const db = open(address);
  await Promise.resolve()
    .then(() => ask(db))
    .then(
      () => expect.unreachable(),
      () => {},
    );
  expect(eventsOf(heard.all)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  expect(heard.all.at(-1)?.payload).toMatchObject({
    error: { code },
    namespaces: [expect.stringMatching(/^g/)],
  });
});

test('a live query is traced until its first answer, and each answer is told of', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, ['instant:query', ...channelsOf('instant:first-answer')]);
  const db = open(address);
  await db.ready();
  const answers = follow(db, { goals: {} });
  await answers.next();
  await db.transact(goal(id()).create({ title: 'a value' }));
  await answers.first(({ data }) => data?.goals.length === 1);
  const traced = heard.all.filter(({ name }) => name.startsWith('tracing:'));
  expect(eventsOf(traced)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  const about = {
    ...place(address.appId),
    hash: expect.any(String),
    shape: '{ goals }',
    namespaces: ['goals'],
  };
  expect(traced.at(-1)?.payload).toEqual({ ...about, entities: 0, durationMs: expect.any(Number) });
  const told = heard.all.filter(({ name }) => name === 'instant:query').map(({ payload }) => payload);
  expect(told[0]).toEqual({ ...about, event: 'answer', entities: 0, subscribers: 1 });
  expect(told[1]).toEqual({ ...about, event: 'answer', entities: 1, subscribers: 1 });
});

test('a subscription that has its answer already is traced in order', async () => {
  const address = await serveApp();
  const db = open(address);
  await follow(db, { goals: {} }).next();
  const heard = hear(address.appId, channelsOf('instant:first-answer'));
  const answers = follow(db, { goals: {} });
  expect(answers.all).toHaveLength(1);
  expect(eventsOf(heard.all)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  expect(heard.all.at(-1)?.payload).toMatchObject({ entities: 0 });
});

test('a subscriber that leaves before the first answer ends the trace', async () => {
  const { address } = await fakeInstant({
    answer: (message, _peer, good) => (message.op === 'add-query' ? undefined : good),
  });
  const heard = hear(address.appId, channelsOf('instant:first-answer'));
  const db = open(address);
  db.subscribeQuery({ goals: {} }, () => {})();
  expect(eventsOf(heard.all)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  expect(heard.all.at(-1)?.payload).toMatchObject({ isLeft: true });
});

test('a live query that the server refuses is told of, with how many hear it', async () => {
  const { address } = await fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'add-query'
        ? refusalOf(message, { type: 'validation-failed', message: 'Not "a value"' })
        : good,
  });
  const heard = hear(address.appId, ['instant:query', ...channelsOf('instant:first-answer')]);
  const db = open(address);
  const answers = [follow(db, { goals: {} }), follow(db, { goals: {} })];
  await Promise.all(answers.map((each) => each.next()));
  const { payload } = await heard.first(({ name }) => name === 'instant:query');
  const error = expect.objectContaining({ code: 'validation-failed' });
  expect(payload).toMatchObject({ ...place(address.appId), event: 'failed', subscribers: 2, error });
  expect(payloadsOf(heard.all.filter(isEnd))).toEqual([
    expect.objectContaining({ error }),
    expect.objectContaining({ error }),
  ]);
});

test('a storage is told of when it is opened and read, and its batches are traced', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, ['instant:storage', ...channelsOf('instant:storage-write')]);
  const offline = { ...address, websocketURI: 'ws://127.0.0.1:1/runtime/session' };
  const options = { storage: 'filesystem', storagePath: temporaryFolder(), instanceKey: freshKey() } as const;
  const before = open(offline, options);
  await before.transact(goal(id()).create({ title: 'a value' }));
  await before.close({ timeoutMs: 0 });
  const batches = heard.all.filter(isEnd).map(({ payload }) => payload);
  expect(batches.filter(({ stores }) => (stores as string[]).includes('writes'))).toEqual([
    {
      ...place(address.appId),
      storage: 'filesystem',
      stores: ['writes'],
      stored: 1,
      removed: 0,
      durationMs: expect.any(Number),
    },
  ]);
  const read = hear(address.appId, ['instant:storage']);
  await open(address, options).ready();
  const storage = { ...place(address.appId), storage: 'filesystem' };
  expect(payloadsOf(read.all)).toEqual([
    { ...storage, event: 'opened' },
    { ...storage, event: 'loaded', pending: 1, foreign: 0 },
  ]);
});

test('a storage that fails is told of, with its kind alone', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, ['instant:storage', ...channelsOf('instant:storage-write')]);
  const { Store, fail } = classStore();
  const db = open(address, { storage: Store });
  db.subscribeErrors(() => {});
  await db.ready();
  fail(Object.assign(new Error('No room for "a value"'), { code: 'ENOSPC' }));
  await db.auth.signInAsGuest();
  const { payload } = await heard.first(({ payload: { event } }) => event === 'trouble');
  expect(payload).toMatchObject({ ...place(address.appId), error: { code: 'storage', cause: 'storage' } });
  const failed = await heard.first((one) => isEnd(one) && one.payload.error !== undefined);
  expect(failed.payload).toMatchObject({ stores: ['kv'], error: { code: 'storage', cause: 'ENOSPC' } });
  fail(undefined);
});

test('a connection is told of state by state, and each try is traced', async () => {
  const { address, peers } = await fakeInstant();
  const heard = hear(address.appId, ['instant:connection', ...channelsOf('instant:connect')]);
  const db = open(address);
  await db.ready();
  (await peers.first()).close();
  const isTo = (state: string) => (one: Heard) =>
    one.name === 'instant:connection' && one.payload.to === state;
  await heard.next(isTo('open'));
  await heard.next(isTo('open'));
  const states = heard.all.filter(({ name }) => name === 'instant:connection');
  expect(states.map(({ payload: { from, to } }) => `${from} ${to}`)).toEqual([
    'idle connecting',
    'connecting authenticating',
    'authenticating open',
    'open waiting',
    'waiting connecting',
    'connecting authenticating',
    'authenticating open',
  ]);
  expect(states[3]?.payload).toMatchObject({
    ...place(address.appId),
    event: 'state',
    transport: 'websocket',
    closeCode: 1000,
    closeReason: '',
    delayMs: expect.any(Number),
  });
  const traced = heard.all.filter(({ name }) => name.startsWith('tracing:'));
  const events = ['start', 'end', 'asyncStart', 'asyncEnd'];
  expect(eventsOf(traced)).toEqual([...events, ...events]);
  const over = {
    ...place(address.appId),
    attempt: 1,
    transport: 'websocket',
    durationMs: expect.any(Number),
  };
  expect(payloadsOf(traced.filter(isEnd))).toEqual([over, over]);
});

test('a try that fails is traced with why', async () => {
  const heard = hear(freshId, channelsOf('instant:connect'));
  open({ appId: freshId, apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/runtime/session' });
  const { payload } = await heard.first(isEnd);
  expect(payload).toMatchObject({ attempt: 1, error: { code: 'connection-failed' } });
  expect(heard.all.filter(({ name }) => name.endsWith(':error'))).toHaveLength(1);
});

test('databases of one process are told apart by app and instance key', async () => {
  const address = await serveApp();
  const heard = hear(address.appId, channelsOf('instant:transact'));
  const keys = [freshKey(), freshKey()];
  for (const instanceKey of keys) {
    await open(address, { instanceKey }).transact(goal(id()).create({ title: 'one' }));
  }
  expect(heard.all.filter(isEnd).map(({ payload }) => payload.instanceKey)).toEqual(keys);
});

test('subscribers that throw disturb nothing, and the runtime says so', async () => {
  const program = await buildProgram('diagnosed');
  onTestFinished(() => program.remove());
  const child = program.start({ ...(await serveApp()), throwing: allChannels });
  const line = await child.lines.first();
  expect(JSON.parse(line)).toEqual({ status: 'synced', goals: 1, caught: true });
  expect(await child.ended).toMatchObject({ code: 0 });
});

test('NODE_DEBUG=instant prints what is told, in lines, without values', async () => {
  const program = await buildProgram('diagnosed');
  onTestFinished(() => program.remove());
  const address = await serveApp();
  const { errors, code } = await program.start(
    { ...address, throwing: [] },
    { env: { NODE_DEBUG: 'instant' } },
  ).ended;
  expect(code).toBe(0);
  const lines = errors.split('\n').filter((line) => line.startsWith('INSTANT '));
  const at = `appId=${address.appId} instanceKey="" host=127\\.0\\.0\\.1:\\d+`;
  const said = (text: string): unknown =>
    expect.arrayContaining([expect.stringMatching(new RegExp(`^INSTANT \\d+: ${text}$`))]);
  expect(lines).toEqual(said(`instant:transact begins ${at} namespaces=goals changes=1`));
  expect(lines).toEqual(
    said(
      `instant:transact is over ${at} namespaces=goals changes=1 eventId=[\\w-]+ status=synced durationMs=[\\d.]+`,
    ),
  );
  expect(lines).toEqual(said(`instant:storage ${at} event=opened storage=memory`));
  expect(errors).not.toContain('a value');
});

test('without NODE_DEBUG=instant nothing is printed', async () => {
  const program = await buildProgram('diagnosed');
  onTestFinished(() => program.remove());
  const child = program.start(
    { ...(await serveApp()), throwing: [] },
    { env: { NODE_DEBUG: 'other,instantly' } },
  );
  expect(await child.ended).toMatchObject({ code: 0, errors: '' });
});
