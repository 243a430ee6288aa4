import { expect, test } from 'vitest';
import { Turn } from './turn.ts';

test('work stops after ten milliseconds of a turn, and goes on in the next', () => {
  let now = 0;
  const next: (() => void)[] = [];
  const did: number[] = [];
  let left = 25;
  const work = (): void => {
    let done = 0;
    for (; left > 0 && !turn.isOver(); left--, done++) now += 1;
    did.push(done);
  };
  const turn = new Turn(work, { now: () => now, afterThis: (what) => next.push(what) });
  work();
  expect(did).toEqual([10]);
  // Called again in the same turn, it gets no more of it.
  work();
  expect(did).toEqual([10, 0]);
  while (next.length > 0) next.shift()?.();
  expect(did).toEqual([10, 0, 10, 5]);
});

test('work that was done in time is not called again', () => {
  const next: (() => void)[] = [];
  let calls = 0;
  const turn = new Turn(() => calls++, { now: () => 0, afterThis: (what) => next.push(what) });
  for (let step = 0; step < 100; step++) expect(turn.isOver()).toBe(false);
  expect(next).toHaveLength(1);
  next.shift()?.();
  expect(calls).toBe(0);
});
