import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { NetworkListenerClass } from '../drivers/contract.ts';
import type { ConnectionInfo } from './connection/connection-info.ts';
import type { InstantNodeDatabase } from './database.ts';
import { type Behaviour, FakeHost } from './fake-host.fixture.ts';

// The timers of a database are Node's own, which fake timers do not reach.
vi.mock('node:timers', () => ({
  setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  setInterval: (...args: Parameters<typeof setInterval>) => setInterval(...args),
  clearInterval: (timer: NodeJS.Timeout) => clearInterval(timer),
  setImmediate: (...args: Parameters<typeof setImmediate>) => setImmediate(...args),
}));

beforeEach(() => {
  vi.useFakeTimers();
  // Every delay is half of its longest.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function many(host: FakeHost, count: number): InstantNodeDatabase[] {
  const all = Array.from({ length: count }, () => host.open());
  onTestFinished(() => {
    for (const db of all) db.shutdown();
  });
  return all;
}

const state = (db: InstantNodeDatabase): ConnectionInfo['state'] => db.connection.state;
const areOpen = (all: readonly InstantNodeDatabase[]): number =>
  all.filter((db) => state(db) === 'open').length;

/** Databases of a host that is down, the first of which tries for all, and how the host sees it. */
async function outage(count: number, network?: NetworkListenerClass) {
  const host = new FakeHost();
  const first = host.open({}, network);
  onTestFinished(() => first.shutdown());
  await pass(20);
  host.behaviour = 'down';
  host.cut();
  await pass(2_000);
  const others = many(host, count - 1);
  await pass(1_000);
  return { host, first, others };
}

test.each([5_000, 180_000])(
  'all databases are back soon after an outage of %i ms, not all at once',
  async (ms) => {
    const host = new FakeHost();
    const all = many(host, 150);
    await pass(5_000);
    expect(areOpen(all)).toBe(150);
    host.behaviour = 'down';
    host.cut();
    await pass(ms);
    expect(areOpen(all)).toBe(0);
    host.behaviour = 'up';
    host.opened.length = 0;
    host.accepted.length = 0;
    await pass(35_000);
    expect(areOpen(all)).toBe(150);
    const [back = 0] = host.accepted;
    expect((host.accepted.at(-1) ?? 0) - back).toBeLessThan(1_000);
    for (const from of host.opened) {
      expect(host.opened.filter((at) => at >= from && at < from + 100).length).toBeLessThanOrEqual(50);
    }
  },
);

describe('while a host is down, one database tries for all, and another takes over', () => {
  test('when that is closed', async () => {
    const { host, first, others } = await outage(10);
    const before = host.opened.length;
    await pass(5_000);
    expect(others.map((db) => db.connection.retryAt).filter(Boolean)).toEqual([]);
    expect(host.opened.length - before).toBeLessThan(6);
    first.shutdown();
    host.behaviour = 'up';
    await pass(31_000);
    expect(areOpen(others)).toBe(9);
  });

  test('in the same turn when that is closed while it tries', async () => {
    const { host, first } = await outage(3);
    host.behaviour = 'mute';
    while (state(first) !== 'connecting') await pass(1_000);
    const before = host.opened.length;
    first.shutdown();
    expect(host.opened.length - before).toBe(1);
  });

  test('in the same turn when that is refused', async () => {
    const { host, first, others } = await outage(3);
    host.behaviour = 'refusing';
    const turns: number[] = [];
    first.subscribeConnection((now) => {
      if (now.state === 'refused') turns.push(host.opened.length);
    });
    const before = host.opened.length;
    while (turns.length === 0) await pass(1);
    expect(turns).toEqual([before + 2]);
    host.behaviour = 'up';
    await pass(61_000);
    expect(areOpen(others)).toBe(2);
  });

  test('in the same turn when that goes offline while it tries', async () => {
    let change: (isOnline: boolean) => void = () => {};
    const { host, first, others } = await outage(3, {
      getIsOnline: async () => true,
      listen: (callback) => {
        change = callback;
        return () => {};
      },
    });
    host.behaviour = 'mute';
    while (state(first) !== 'connecting') await pass(1_000);
    const before = host.opened.length;
    change(false);
    expect([state(first), host.opened.length - before]).toEqual(['idle', 1]);
    host.behaviour = 'up';
    await pass(61_000);
    expect(areOpen(others)).toBe(2);
    change(true);
    await pass(100);
    expect(state(first)).toBe('open');
  });

  test('a user’s reconnect() tries at once, and takes the others along', async () => {
    const { host, others } = await outage(5);
    host.behaviour = 'up';
    others[2]?.reconnect();
    await pass(200);
    expect(areOpen(others)).toBe(4);
  });
});

describe('a server that', () => {
  const cases: [string, Behaviour, number, number][] = [
    ['drops each session just after accepting it', 'dropping', 4, 16],
    ['closes with 1012 at once', { close: 1012 }, 4, 16],
    ['closes with 1013 at once', { close: 1013 }, 2, 12],
    ['closes with 1008 at once', { close: 1008 }, 2, 3],
    ['refuses connections', 'down', 4, 16],
    ['never answers the handshake', 'mute', 3, 6],
    ['never answers the request for a session', 'half-mute', 3, 6],
  ];

  test.each(cases)('%s is tried a few times in a minute', async (_, behaviour, least, most) => {
    const host = new FakeHost();
    host.behaviour = behaviour;
    many(host, 1);
    await pass(60_000);
    expect(host.opened.length).toBeGreaterThanOrEqual(least);
    expect(host.opened.length).toBeLessThanOrEqual(most);
  });

  test.each<[Behaviour, RegExp]>([
    ['mute', /the connection was not open within 10000 ms \(option "connection.connectTimeoutMs"\)/],
    [
      'half-mute',
      /did not answer the request for a session within 10000 ms \(option "connection.initTimeoutMs"\)/,
    ],
  ])('is %s is told of after ten seconds', async (behaviour, message) => {
    const host = new FakeHost();
    host.behaviour = behaviour;
    const [db] = many(host, 1) as [InstantNodeDatabase];
    const errors: string[] = [];
    db.subscribeErrors(({ message }) => errors.push(message));
    await pass(9_990);
    expect(errors).toEqual([]);
    await pass(20);
    expect(errors).toEqual([expect.stringMatching(message)]);
    expect(db.connection).toMatchObject({ state: 'waiting', attempt: 1, lastClose: { code: 1006 } });
    expect(db.connection.cause?.message).toMatch(message);
  });
});

test('a server that falls silent is found out within 25 s, and every change of state is told', async () => {
  const host = new FakeHost();
  const [db] = many(host, 1) as [InstantNodeDatabase];
  const told: ConnectionInfo[] = [];
  db.subscribeConnection((now) => told.push(now));
  await pass(100);
  host.silence();
  await pass(25_000 - 60);
  expect(told.map((now) => now.state)).toEqual(['connecting', 'authenticating', 'open', 'waiting']);
  const cause = expect.objectContaining({ code: 'connection-failed' });
  expect(told.at(-1)).toMatchObject({ attempt: 0, cause, lastClose: { code: 1006, reason: '' } });
  const { retryAt } = told.at(-1) as ConnectionInfo;
  expect((retryAt?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(250);
  await pass(300);
  expect(db.connection).toMatchObject({
    state: 'open',
    attempt: 0,
    cause: undefined,
    transport: 'websocket',
  });
  db.shutdown();
  expect(told.at(-1)?.state).toBe('closed');
});

test('a session that is closed says how', async () => {
  const host = new FakeHost();
  const [db] = many(host, 1) as [InstantNodeDatabase];
  await pass(100);
  host.cut(1012);
  expect(db.connection).toMatchObject({ state: 'waiting', lastClose: { code: 1012, reason: 'because' } });
  expect(db.connection.cause?.message).toBe('The session ended with code 1012, "because"');
  await pass(300);
  expect(state(db)).toBe('open');
});
