import {
  type InstantNodeDatabase,
  type InstantNodeError,
  id,
  init,
  type NetworkListenerClass,
  type NetworkOption,
} from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Input } from '../programs/database.ts';
import { buildProgram } from '../support/child.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { addressOf, eventIdOf, follow, freshKey, open, serve, serveApp } from '../support/open.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import { listen } from '../support/socket-server.ts';

/** Often enough not to be waited for, and no answer is late on a machine that is busy. */
const pace = { intervalMs: 5, timeoutMs: 60_000, threshold: 2 };
const http: NetworkOption = { use: 'http', ...pace };
/** Once, and then not again while a test runs. */
const once = { intervalMs: 2 ** 31 - 1 };

function errorsOf(db: InstantNodeDatabase<Schema>): Inbox<InstantNodeError> {
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  return errors;
}

const isPause = ({ message }: InstantNodeError): boolean => message.startsWith('Paused');

describe('"http" and a backend that is stopped and started again', () => {
  test('the database pauses, and everything is brought back in order: queries, rooms and 1,000 writes', async () => {
    const first = await serve();
    const app = first.createApp({ schema });
    const address = addressOf(first, app);
    const db = open(address, { network: http });
    const errors = errorsOf(db);
    const room = db.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'ann' } });
    const goals = follow(db, { goals: {} });
    await goals.next(({ data }) => data !== undefined);
    const counter = id();
    await db.transact(goal(counter).update({ title: 'Counter', priority: -1 }));
    const snapshot = app.snapshot();
    await first.close();
    const pause = await errors.first(isPause);
    expect(pause).toMatchObject({
      code: 'connection-failed',
      message: `Paused, as there seems to be no network: GET "${address.apiURI}/health" failed`,
      cause: expect.anything(),
    });
    expect(db.stats().status).toBe('closed');

    // Where it was there is a proxy now, which has no server and counts who comes.
    const { connections } = db.stats();
    const health = inbox<string>();
    let handshakes = 0;
    const proxy = await listen({
      port: first.port,
      http(path) {
        health.push(path);
        return { status: 502, body: {} };
      },
      handshake() {
        handshakes++;
        return 502;
      },
    });
    const writes = Array.from({ length: 1_000 }, (_, priority) =>
      db.transact([
        goal(counter).update({ priority }),
        goal(id()).update({ title: 'Written offline', priority }),
      ]),
    );
    const results = await Promise.all(writes);
    expect(results.every(({ status }) => status === 'enqueued')).toBe(true);
    await goals.next(({ data }) => data?.goals.length === 1_001);
    for (let count = 0; count < 10; count++) await health.next();
    expect(handshakes).toBe(0);
    expect(db.stats()).toMatchObject({ status: 'closed', connections, pendingTransactions: 1_000 });

    await proxy.close();
    const second = await startBackend({ port: first.port });
    onTestFinished(() => second.close());
    second.createApp({ id: app.id }).load(snapshot);
    const other = open(address);
    const counts = follow(other, { goals: { $: { where: { title: 'Counter' } } } });
    await counts.next(({ data }) => data?.goals[0]?.priority === 999);
    const seen = counts.all.flatMap(({ data }) => data?.goals[0]?.priority ?? []);
    expect(seen).toEqual([...seen].sort((one, two) => one - two));
    const { data } = await other.queryOnce({ goals: { $: { where: { title: 'Written offline' } } } });
    const priorities = data.goals.map(({ priority }) => priority);
    expect(new Set(priorities)).toEqual(new Set(results.keys()));
    expect(priorities).toHaveLength(1_000);

    await db.ready();
    const mine = inbox<{ peers: Record<string, { nickname: string }> }>();
    other
      .joinRoom('chat', 'lobby', { initialPresence: { nickname: 'bob' } })
      .subscribePresence({}, mine.push as never);
    await mine.first(({ peers }) => Object.values(peers).some(({ nickname }) => nickname === 'ann'));
    await other.transact(goal(counter).update({ title: 'Seen by the live query' }));
    await goals.next(
      ({ data }) => data?.goals.some(({ title }) => title === 'Seen by the live query') ?? false,
    );
    room.leaveRoom();
  });

  test('the server gets 1,000 writes once each and in order, where it has said all the time that it is away', async () => {
    let isAway = true;
    const server = await fakeInstant({ http: () => ({ status: isAway ? 503 : 200, body: {} }) });
    const db = open(server.address, { network: http });
    await errorsOf(db).first(isPause);
    const results = await Promise.all(
      Array.from({ length: 1_000 }, () => db.transact(goal(id()).update({ title: 'Run' }))),
    );
    expect(server.peers.all).toEqual([]);
    isAway = false;
    const expected = results.map(eventIdOf);
    await server.writes.first((eventId) => eventId === expected.at(-1));
    expect(server.writes.all).toEqual(expected);
  });
});

test('"http" may ask another server than that of the database', async () => {
  const paths: string[] = [];
  const canary = await fakeInstant({
    http(path) {
      paths.push(path);
      return { status: 500, body: {} };
    },
  });
  const url = `${canary.apiURI}/up?token=secret#here`;
  const db = open(await serveApp(), { network: { use: 'http', url, ...pace } });
  const { message, cause } = await errorsOf(db).first(isPause);
  expect(`${message} ${cause}`).toContain('/up" ');
  expect(`${message} ${cause}`).not.toContain('secret');
  expect(paths[0]).toBe('/up?token=secret');
  expect(db.stats().connections).toBe(0);
});

test('"http" that is not answered at first does not stop the first connection, until its time is up', async () => {
  const server = await fakeInstant({ http: () => 'never' });
  const db = open(server.address, { network: { use: 'http', ...pace, timeoutMs: 4_000 } });
  const errors = errorsOf(db);
  await db.ready();
  expect(await errors.next()).toMatchObject({ message: expect.stringContaining('has not answered for 2 s') });
  expect(await errors.next()).toMatchObject({ cause: { message: 'No answer for 4000 ms' } });
  expect(db.stats().status).toBe('closed');
});

test('"dns" lets a database connect to a host that has a name or an address', async () => {
  const address = await serveApp();
  await open(address, { network: 'dns' }).ready();
  const apiURI = address.apiURI.replace('127.0.0.1', 'localhost');
  await open({ ...address, apiURI }, { network: { use: 'dns', ...once } }).ready();
});

test('"dns" keeps a database from connecting to a host that has none, and says why', async () => {
  // A label of 64 letters: one too many, so that no server is asked.
  const name = `${'x'.repeat(64)}.test`;
  const db = open({ ...(await serveApp()), apiURI: `http://${name}` }, { network: 'dns' });
  expect(await errorsOf(db).next()).toMatchObject({
    code: 'connection-failed',
    message: `Paused, as there seems to be no network: resolving the name "${name}" failed`,
    cause: { code: 'ENOTFOUND' },
  });
  expect(db.stats()).toMatchObject({ status: 'closed', connections: 0 });
  expect(await db.transact(goal(id()).update({ title: 'Run' }))).toMatchObject({ status: 'enqueued' });
});

test('databases that ask the same ask once for all of them, and what one of them ends goes on for the others', async () => {
  const asked = inbox<string>();
  let isAway = false;
  const server = await fakeInstant({
    http(path) {
      asked.push(path);
      return { status: isAway ? 503 : 200, body: {} };
    },
  });
  const all = Array.from({ length: 20 }, () => open(server.address, { network: { use: 'http', ...once } }));
  await Promise.all(all.map((db) => db.ready()));
  expect(asked.all).toEqual(['/health']);

  const [one, two] = [open(server.address, { network: http }), open(server.address, { network: http })];
  await Promise.all([one.ready(), two.ready()]);
  const errors = errorsOf(two);
  await one.close();
  isAway = true;
  await errors.first(isPause);
  isAway = false;
  await two.ready();
  await two.close();
});

describe('init() with equal options for the network', () => {
  test('returns the same database, and with others another', async () => {
    const { address } = await fakeInstant({ http: () => ({ status: 200, body: {} }) });
    const instanceKey = freshKey();
    const listener = { getIsOnline: () => Promise.resolve(true), listen: () => undefined };
    const same: (NetworkOption | undefined)[][] = [
      [undefined, 'always-online'],
      ['dns', { use: 'dns' }, { use: 'dns', intervalMs: 5_000, timeoutMs: 5_000, threshold: 3 }],
      [
        'http',
        { use: 'http' },
        { use: 'http', url: `${address.apiURI}/health` },
        { threshold: 3, use: 'http' },
      ],
      [
        { use: 'http', threshold: 2 },
        { use: 'http', threshold: 2 },
      ],
      [{ use: 'http', intervalMs: 4_000 }],
      [{ use: 'http', timeoutMs: 4_000 }],
      [{ use: 'http', url: `${address.apiURI}/other` }],
      [{ use: 'dns', threshold: 2 }],
      [listener, listener],
      [{ ...listener }],
    ];
    const databases = same.map((options) => {
      const opened = options.map((network) => open(address, { instanceKey, ...(network && { network }) }));
      expect(new Set(opened).size).toBe(1);
      return opened[0];
    });
    expect(new Set(databases).size).toBe(same.length);
  });

  test('that are left out or undefined says nothing of the network', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const db = open(address, { instanceKey });
    expect(init({ ...address, instanceKey, schema, network: undefined as never })).toBe(db);
  });
});

describe('a class of the user’s', () => {
  const yes = { getIsOnline: () => Promise.resolve(true), listen: () => undefined };

  test.each([
    ['never answers', { getIsOnline: () => new Promise(() => {}) }, 'has not answered for 2 s'],
    [
      'throws at the first question',
      {
        getIsOnline() {
          throw new Error('no interfaces');
        },
      },
      'its getIsOnline() has failed',
    ],
    // As core's own does outside of a browser.
    ['answers undefined', { getIsOnline: async () => undefined }, 'has answered undefined'],
    [
      'throws when it is listened to',
      {
        listen() {
          throw new Error('addEventListener is not defined');
        },
      },
      'its listen() has failed',
    ],
    [
      'tells what is no boolean',
      { listen: (change: (isOnline: unknown) => void) => change(null) },
      'it has told null',
    ],
  ])('that %s is told of, and the database connects', async (_, members, message) => {
    const db = open(await serveApp(), { network: { ...yes, ...members } as never });
    const errors = errorsOf(db);
    await db.ready();
    expect(await errors.next()).toMatchObject({
      code: 'connection-failed',
      message: expect.stringContaining(message),
    });
  });

  test('that tells at once, and the same many times, changes nothing', async () => {
    const db = open(await serveApp(), {
      network: {
        ...yes,
        listen(change) {
          for (let count = 0; count < 1_000; count++) change(true);
          return undefined;
        },
      },
    });
    await db.ready();
    await db.queryOnce({ goals: {} });
    expect(db.stats()).toMatchObject({ status: 'authenticated', connections: 1 });
  });

  test('that tells after close() opens nothing again', async () => {
    const server = await fakeInstant();
    let change: (isOnline: boolean) => void = () => {};
    const db = open(server.address, {
      network: {
        ...yes,
        listen(callback) {
          change = callback;
          return undefined;
        },
      },
    });
    const statuses = inbox<string>();
    db.subscribeConnectionStatus(statuses.push);
    await db.ready();
    await db.close();
    const before = [...statuses.all];
    for (const isOnline of [false, true, false, true]) change(isOnline);
    expect(statuses.all).toEqual(before);
    expect(db.stats()).toMatchObject({ status: 'closed', connections: 1 });
    expect(server.peers.all).toHaveLength(1);
  });

  test('is called on itself, and once', async () => {
    const calls: string[] = [];
    const network = {
      async getIsOnline() {
        calls.push(`getIsOnline of ${this === network}`);
        return true;
      },
      listen() {
        calls.push(`listen of ${this === network}`);
        return () => calls.push('stop');
      },
    };
    const db = open(await serveApp(), { network: network as NetworkListenerClass });
    await db.ready();
    await db.close();
    await db.close();
    expect(calls).toEqual(['getIsOnline of true', 'listen of true', 'stop']);
  });
});

describe('a process', () => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('database');
  });
  afterAll(() => program.remove());
  const run = (config: Input['config'], steps: Input['steps']): ReturnType<typeof program.start> =>
    program.start({ config, steps } satisfies Input);
  const byItself = { code: 0, signal: null, errors: '' };

  test.each(['dns', 'http'] as const)('ends by itself after close() with "%s"', async (use) => {
    const child = run({ ...(await serveApp()), network: { use, ...pace } }, ['query', 'transact', 'close']);
    expect(await child.ended).toEqual(byItself);
    expect(child.lines.all).toEqual(['query', 'transact', 'close']);
  });

  test('ends by itself after close() while nobody has answered', async () => {
    const { address } = await fakeInstant({ http: () => 'never' });
    const child = run({ ...address, network: { use: 'http', timeoutMs: 2 ** 31 - 1 } }, ['close']);
    expect(await child.ended).toEqual(byItself);
  });

  test('with keepAlive false ends by itself, whatever is being asked', async () => {
    const asked = inbox<string>();
    const { address } = await fakeInstant({
      http(path) {
        asked.push(path);
        return asked.all.length === 1 ? { status: 200, body: {} } : 'never';
      },
    });
    const network: NetworkOption = { use: 'http', intervalMs: 1, timeoutMs: 2 ** 31 - 1 };
    const child = run({ ...address, network, keepAlive: false }, ['hold', 'query', 'let-go']);
    expect(await child.ended).toEqual(byItself);
    expect(child.lines.all.at(-1)).toBe('let-go');
  });

  test('is kept running by an open database that waits for the network', async () => {
    const { address } = await fakeInstant({ http: () => ({ status: 503, body: {} }) });
    const child = run({ ...address, network: 'http', verbose: false }, ['say-if-held']);
    await child.lines.first((line) => line.startsWith('held'));
    child.kill();
    expect(await child.ended).toMatchObject({ signal: expect.any(String) });
  });
});
