import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test, vi } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { Diagnostics } from './database-diagnostics.ts';
import { hear, hearTrace } from './heard.fixture.ts';

const place = { appId: 'app', instanceKey: 'key', host: 'example.com' };
const diagnostics = new Diagnostics(
  place,
  (value) => JSON.parse(JSON.stringify(value).replaceAll('SECRET', '[redacted]')) as typeof value,
);
const about = { namespaces: ['goals'], changes: 1 };

/** The names of the events of a traced call, in order. */
const eventsOf = (heard: ReturnType<typeof hearTrace>): string[] =>
  heard.map(({ name }) => name.slice(name.lastIndexOf(':') + 1));

test('without a subscriber nothing is built, and a call gives its own promise', async () => {
  const build = vi.fn(() => about);
  const promise = Promise.resolve('done');
  const note = vi.fn();
  expect(diagnostics.until('instant:transact', build, () => promise, note)).toBe(promise);
  await promise;
  expect(diagnostics.begin('instant:transact', build)).toBeUndefined();
  expect(diagnostics.within('instant:transact', build, (ongoing) => ongoing)).toBeUndefined();
  const told = vi.fn(() => ({ event: 'opened', storage: 'memory' }) as const);
  diagnostics.tell('instant:storage', told);
  expect([build, note, told].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
});

test.each(['start', 'end', 'asyncStart', 'asyncEnd', 'error'])(
  'a subscriber of %s alone hears a call that fails, which is built once',
  async (event) => {
    const heard = hear(`tracing:instant:transact:${event}`);
    const build = vi.fn(() => about);
    await diagnostics.until('instant:transact', build, () => Promise.reject(new Error())).catch(() => {});
    expect(heard).toHaveLength(1);
    expect(build).toHaveBeenCalledOnce();
  },
);

test('tell() tells what happened, with the place', () => {
  const heard = hear('instant:storage');
  diagnostics.tell('instant:storage', () => ({ event: 'opened', storage: 'memory' }));
  expect(heard.map(({ payload }) => payload)).toEqual([{ ...place, event: 'opened', storage: 'memory' }]);
});

test('until() tells one object from the start to the end, with what was found out', async () => {
  const heard = hearTrace('instant:transact');
  const result = await diagnostics.until(
    'instant:transact',
    () => about,
    async (trace) => {
      if (trace) trace.eventId = 'id';
      return 'synced' as const;
    },
    (trace, status) => {
      trace.status = status;
    },
  );
  expect(result).toBe('synced');
  expect(eventsOf(heard)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  expect(new Set(heard.map(({ same }) => same)).size).toBe(1);
  expect(heard.map(({ payload }) => payload)).toEqual([
    { ...place, ...about },
    { ...place, ...about, eventId: 'id' },
    { ...place, ...about, eventId: 'id', status: 'synced', durationMs: expect.any(Number) },
    { ...place, ...about, eventId: 'id', status: 'synced', durationMs: expect.any(Number) },
  ]);
});

test('until() tells the kind of an error, and rejects with the error', async () => {
  const heard = hearTrace('instant:transact');
  const error = new InstantNodeError('closed', 'a value');
  const call = diagnostics.until(
    'instant:transact',
    () => about,
    () => Promise.reject(error),
  );
  await expect(call).rejects.toBe(error);
  expect(eventsOf(heard)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
  expect(heard.at(-1)?.payload.error).toEqual({ name: 'InstantNodeError', code: 'closed' });
});

test('until() tells of a call that throws at once, which throws the same', () => {
  const heard = hearTrace('instant:transact');
  const error = new TypeError('a value');
  const call = (): unknown =>
    diagnostics.until(
      'instant:transact',
      () => about,
      () => {
        throw error;
      },
    );
  expect(call).toThrow(error);
  expect(eventsOf(heard)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
});

test('what is over before the call returns is told after that, and only the first end counts', () => {
  const heard = hearTrace('instant:transact');
  const ongoing = diagnostics.begin('instant:transact', () => about);
  ongoing?.over();
  ongoing?.over({ name: 'Error', code: 'late' });
  expect(eventsOf(heard)).toEqual(['start']);
  ongoing?.returned();
  ongoing?.returned();
  ongoing?.over({ name: 'Error', code: 'later' });
  expect(eventsOf(heard)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  expect(heard.at(-1)?.payload).not.toHaveProperty('error');
});

test('a store that is bound to the start is there during the call', () => {
  const store = new AsyncLocalStorage<string>();
  const start = channel('tracing:instant:transact:start');
  start.bindStore(store, (message) => (message as { appId: string }).appId);
  onTestFinished(() => void start.unbindStore(store));
  const seen = diagnostics.within(
    'instant:transact',
    () => about,
    () => store.getStore(),
  );
  expect(seen).toBe('app');
  expect(store.getStore()).toBeUndefined();
});

test('the runtime’s own tracingChannel subscribes to it', async () => {
  const seen: string[] = [];
  const take = (event: string) => () => void seen.push(event);
  const subscribers = {
    start: take('start'),
    end: take('end'),
    asyncStart: take('asyncStart'),
    asyncEnd: take('asyncEnd'),
    error: take('error'),
  };
  const tracing = tracingChannel<object, object>('instant:transact');
  tracing.subscribe(subscribers);
  onTestFinished(() => void tracing.unsubscribe(subscribers));
  await diagnostics.until(
    'instant:transact',
    () => about,
    async () => {},
  );
  expect(seen).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
});

test('errorOf() and shown() leave the secrets of the database out', () => {
  expect(diagnostics.errorOf({ type: 'x-SECRET' })).toEqual({ name: 'Error', code: 'x-[redacted]' });
  expect(diagnostics.shown('for SECRET')).toBe('for [redacted]');
});
