import { expect, test } from 'vitest';
import type { NetworkLease } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import type { Timer } from '../timing/timers.ts';
import { FIRST_ANSWER_MS, ReleasableNetwork } from './releasable-network.ts';

/** Timers that fire when a test says so. */
class FakeTimers {
  readonly running = new Set<{ ms: number; work(): void }>();

  after(ms: number, work: () => void): Timer {
    const timer = { ms, work };
    this.running.add(timer);
    return { cancel: () => this.running.delete(timer) };
  }

  clear(): void {
    this.running.clear();
  }

  fire(): void {
    for (const timer of [...this.running]) {
      this.running.delete(timer);
      timer.work();
    }
  }
}

/** A network over `listener`, with what it says to core and reports. */
function networkOver(listener: { getIsOnline?: unknown; listen?: unknown; whyOffline?: unknown }): {
  network: ReleasableNetwork;
  timers: FakeTimers;
  errors: InstantNodeError[];
  told: boolean[];
  /** What core does first: asks, and listens when it has an answer. */
  start(): Promise<boolean>;
  releases(): number;
} {
  const timers = new FakeTimers();
  const errors: InstantNodeError[] = [];
  const told: boolean[] = [];
  let releases = 0;
  const lease = {
    getIsOnline: () => Promise.resolve(true),
    listen: () => undefined,
    release: () => releases++,
    ...listener,
  } as unknown as NetworkLease;
  const network = new ReleasableNetwork(lease, (error) => errors.push(error), timers);
  const start = async (): Promise<boolean> => {
    const isOnline = await network.getIsOnline();
    network.listen((change) => told.push(change));
    return isOnline;
  };
  return { network, timers, errors, told, start, releases: () => releases };
}

const cause = new Error('no interfaces');

test.each([true, false])('the first answer is the listener’s: %s', async (isOnline) => {
  const { start, errors, timers } = networkOver({ getIsOnline: () => Promise.resolve(isOnline) });
  expect(await start()).toBe(isOnline);
  expect(errors).toEqual([]);
  expect(timers.running.size).toBe(0);
});

test.each([
  ['rejects', () => Promise.reject(cause), 'its getIsOnline() has failed'],
  [
    'throws',
    () => {
      throw cause;
    },
    'its getIsOnline() has failed',
  ],
  ['answers undefined', () => Promise.resolve(undefined), 'its getIsOnline() has answered undefined'],
  ['answers a text', () => 'false', 'its getIsOnline() has answered "false"'],
  ['answers 0', () => 0, 'its getIsOnline() has answered 0'],
])('a listener that %s is told of, and taken for online', async (_, getIsOnline, message) => {
  const { start, errors, timers } = networkOver({ getIsOnline });
  expect(await start()).toBe(true);
  expect(errors).toMatchObject([
    {
      code: 'connection-failed',
      message: `Cannot learn from the network listener whether there is a network: ${message}`,
    },
  ]);
  expect(timers.running.size).toBe(0);
});

test('one that does not answer within two seconds is told of, and taken for online', async () => {
  const { start, errors, timers } = networkOver({ getIsOnline: () => new Promise(() => {}) });
  const first = start();
  expect([...timers.running]).toMatchObject([{ ms: FIRST_ANSWER_MS }]);
  timers.fire();
  expect(await first).toBe(true);
  expect(errors).toMatchObject([{ message: expect.stringContaining('has not answered for 2 s') }]);
});

test.each([
  ['counts as a change', false, undefined, [false]],
  ['changes nothing when it says the same', true, undefined, []],
  ['changes nothing when something newer was told', false, true, []],
  ['changes nothing when it is none', undefined, undefined, []],
])('a first answer that is too late %s', async (_, answer, before, expected) => {
  let settle: (answer: unknown) => void = () => {};
  let change: (isOnline: boolean) => void = () => {};
  const { start, timers, told } = networkOver({
    getIsOnline: () =>
      new Promise((resolve) => {
        settle = resolve;
      }),
    listen: (callback: typeof change) => {
      change = callback;
    },
  });
  const first = start();
  timers.fire();
  await first;
  if (before !== undefined) change(before);
  settle(answer);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(expected);
});

test('what is told again and again is told on once', async () => {
  const { start, told } = networkOver({
    listen(change: (isOnline: boolean) => void) {
      for (const isOnline of [true, true, false, false, true, true, false]) change(isOnline);
    },
  });
  await start();
  expect(told).toEqual([false, true, false]);
});

test('what is no boolean is told of once, and changes nothing', async () => {
  const { start, told, errors } = networkOver({
    listen(change: (isOnline: unknown) => void) {
      for (const isOnline of [undefined, null, 'offline', 0, {}]) change(isOnline);
    },
  });
  await start();
  expect(told).toEqual([]);
  expect(errors).toMatchObject([{ message: expect.stringContaining('it has told undefined') }]);
});

test.each([
  [
    'throws',
    () => {
      throw cause;
    },
  ],
  ['rejects', () => Promise.reject(cause)],
])(
  'a listen() that %s is told of, and the network taken for there, as nobody would tell that it is back',
  async (_, listen) => {
    const { start, told, errors } = networkOver({ getIsOnline: () => Promise.resolve(false), listen });
    expect(await start()).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([true]);
    expect(errors).toMatchObject([{ message: expect.stringContaining('its listen() has failed'), cause }]);
  },
);

test('a listen() that gives its end by a promise is ended as well', async () => {
  let ends = 0;
  const { network, start } = networkOver({ listen: async () => () => ends++ });
  await start();
  await new Promise((resolve) => setImmediate(resolve));
  network.release();
  expect(ends).toBe(1);
});

test('and also when that comes too late', async () => {
  let ends = 0;
  const { network, start } = networkOver({ listen: async () => () => ends++ });
  await start();
  network.release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ends).toBe(1);
});

test('after release() nothing is told, and the listener is ended once', async () => {
  let ends = 0;
  let change: (isOnline: boolean) => void = () => {};
  const { network, start, told, releases, errors } = networkOver({
    listen(callback: typeof change) {
      change = callback;
      return () => ends++;
    },
  });
  await start();
  network.release();
  network.release();
  change(false);
  expect(ends).toBe(1);
  expect(told).toEqual([]);
  expect(errors).toEqual([]);
  expect(releases()).toBeGreaterThan(0);
});

test('release() from within what is told ends the listening that is about to begin', async () => {
  let ends = 0;
  const { network, told } = networkOver({
    listen(change: (isOnline: boolean) => void) {
      change(false);
      change(true);
      return () => ends++;
    },
  });
  await network.getIsOnline();
  network.listen((isOnline) => {
    told.push(isOnline);
    network.release();
  });
  expect(told).toEqual([false]);
  expect(ends).toBe(1);
});

test('release() before the first answer: none comes, no timer runs, and nobody is listened to', async () => {
  let settle: (isOnline: boolean) => void = () => {};
  let listens = 0;
  const { network, timers, errors } = networkOver({
    getIsOnline: () =>
      new Promise<boolean>((resolve) => {
        settle = resolve;
      }),
    listen: () => {
      listens++;
    },
  });
  let isAnswered = false;
  void network.getIsOnline().then(() => {
    isAnswered = true;
  });
  network.release();
  expect(timers.running.size).toBe(0);
  settle(true);
  await new Promise((resolve) => setImmediate(resolve));
  network.listen(() => {});
  expect([isAnswered, listens, errors]).toEqual([false, 0, []]);
});

test('a listener that fails to stop is told of', async () => {
  const { network, start, errors } = networkOver({
    listen: () => () => {
      throw cause;
    },
  });
  await start();
  network.release();
  expect(errors).toMatchObject([{ message: expect.stringContaining('it has failed to stop'), cause }]);
});

test('why there is no network is told each time that it goes', async () => {
  const why = new InstantNodeError('connection-failed', 'No route');
  const { start, errors } = networkOver({
    getIsOnline: () => Promise.resolve(false),
    listen(change: (isOnline: boolean) => void) {
      for (const isOnline of [false, true, false, false]) change(isOnline);
    },
    whyOffline: () => why,
  });
  await start();
  expect(errors).toEqual([why, why]);
});
