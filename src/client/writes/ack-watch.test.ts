import { beforeEach, expect, test, vi } from 'vitest';
import type { Timer, Timers } from '../timing/timers.ts';
import { AckWatch } from './ack-watch.ts';

/** A loop of its own: timers fire in its turns, each at its time or once the loop is free again. */
class FakeLoop {
  now = 0;
  readonly #due: { at: number; work: () => void }[] = [];

  readonly timers = {
    after: (ms: number, work: () => void): Timer => {
      const entry = { at: this.now + ms, work };
      this.#due.push(entry);
      return { cancel: () => void this.#due.splice(this.#due.indexOf(entry), 1) };
    },
  } as unknown as Timers;

  /** Lets `ms` pass with a free loop. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [first] = this.#due.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (!first) break;
      this.now = Math.max(this.now, first.at);
      this.#fire(first);
    }
    this.now = end;
  }

  /** Lets `ms` pass while the loop is blocked, after which timers fire first, then `poll` is called. */
  block(ms: number, poll: () => void): void {
    this.now += ms;
    for (const due of this.#due.filter(({ at }) => at <= this.now)) this.#fire(due);
    poll();
  }

  #fire(entry: { at: number; work: () => void }): void {
    this.#due.splice(this.#due.indexOf(entry), 1);
    entry.work();
  }
}

let loop: FakeLoop;
let overdue: string[];
let suspicions: number;
let watch: AckWatch;

beforeEach(() => {
  loop = new FakeLoop();
  overdue = [];
  suspicions = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => loop.now);
  watch = new AckWatch(loop.timers, {
    overdue: (eventId) => overdue.push(eventId),
    suspectSilence: () => suspicions++,
  });
  loop.pass(10_000);
  return () => vi.restoreAllMocks();
});

const answer = (eventId: string) => (): void => {
  watch.heard();
  watch.answered();
  watch.settled(eventId);
};

test('a write without an answer is overdue after six seconds, and silence is suspected once', () => {
  watch.sent('a');
  watch.sent('b');
  loop.pass(5_990);
  expect(overdue).toEqual([]);
  loop.pass(150);
  expect(overdue).toEqual(['a', 'b']);
  expect(suspicions).toBe(1);
});

test('an answer that lies in the socket of a blocked process is read before the verdict', () => {
  for (const [free, blocked] of [
    [0, 8_000],
    [100, 5_950],
    [100, 30_000],
    [5_999, 2],
  ] as const) {
    watch.sent('a');
    loop.pass(free);
    loop.block(blocked, answer('a'));
    loop.pass(100_000);
  }
  expect(overdue).toEqual([]);
  expect(suspicions).toBe(0);
});

test('so is one behind a second blocked time, which begins before the loop has read', () => {
  watch.sent('a');
  loop.pass(100);
  loop.block(5_950, () => {});
  loop.block(3_000, answer('a'));
  loop.pass(100_000);
  expect(overdue).toEqual([]);
});

test('a process that is blocked again and again does not wait for ever', () => {
  watch.sent('a');
  for (let turn = 0; turn < 100; turn++) loop.block(1_000, () => {});
  expect(overdue).toEqual(['a']);
});

test('a server that says something else is given a minute', () => {
  watch.sent('a');
  for (let second = 0; second < 59; second++) {
    loop.pass(1_000);
    watch.heard();
  }
  expect(overdue).toEqual([]);
  loop.pass(10_000);
  expect(overdue).toEqual(['a']);
});
