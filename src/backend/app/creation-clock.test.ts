import { beforeEach, describe, expect, test } from 'vitest';
import { CreationClock } from './creation-clock.ts';

describe('CreationClock', () => {
  let now: number;
  let clock: CreationClock;

  const take = (count: number): number[] => Array.from({ length: count }, () => clock.next());

  beforeEach(() => {
    now = 10_000;
    clock = new CreationClock(() => now);
  });

  test('next() gives transactions of the same millisecond times of their own', () => {
    expect(take(3)).toEqual([10_000, 10_001, 10_002]);
  });

  test('next() gives the time of the clock once that has caught up', () => {
    take(3);
    now = 10_050;
    expect(clock.next()).toBe(10_050);
  });

  test('next() runs ahead of the clock by a second at most, and never goes back then', () => {
    const times = take(3_000);
    expect(times.at(-1)).toBe(11_000);
    now = 10_001;
    expect(take(2)).toEqual([11_001, 11_001]);
  });

  test('next() follows a clock that is turned back by more than that', () => {
    take(3);
    now = 5_000;
    expect(take(2)).toEqual([5_000, 5_001]);
  });
});
