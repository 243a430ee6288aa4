import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from './throttle.ts';

/** Timers that a test fires. */
function handTimers() {
  const due: (() => void)[] = [];
  const after = (_ms: number, work: () => void) => {
    due.push(work);
    return { cancel: () => void due.splice(due.indexOf(work), 1) };
  };
  return { due, timers: { after } as never };
}

let now = 0;
beforeEach(() => {
  now = 10_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => vi.restoreAllMocks());

test('does at once what took no time, and later what did, once for all that asked', () => {
  const { due, timers } = handTimers();
  const pace = new Throttle(timers);
  let turns = 0;
  const work = (ms: number) => () => {
    turns++;
    now += ms;
  };
  pace.ask('a', work(0));
  pace.ask('a', work(100));
  expect(turns).toBe(2);
  pace.ask('a', work(100));
  pace.ask('a', work(100));
  expect([turns, due.length]).toEqual([2, 1]);
  due.shift()?.();
  expect(turns).toBe(3);
  now += 400;
  pace.ask('a', work(100));
  expect(turns).toBe(4);
});

test('of several, each has its own pace; what is done now or forgotten is due no more', () => {
  const { due, timers } = handTimers();
  const pace = new Throttle(timers);
  const done: string[] = [];
  const work = (name: string) => () => {
    done.push(name);
    now += 100;
  };
  for (const name of ['a', 'b', 'a', 'b']) pace.ask(name, work(name));
  expect([done, due.length]).toEqual([['a', 'b'], 2]);
  pace.now('a', work('a'));
  pace.forget('b');
  expect([done, due.length]).toEqual([['a', 'b', 'a'], 0]);
});
