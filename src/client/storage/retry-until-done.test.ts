import { expect, test } from 'vitest';
import { retryUntilDone } from './retry-until-done.ts';

test('retryUntilDone() tries again what may pass, and tells of the first failure alone', async () => {
  const told: unknown[] = [];
  let tries = 0;
  const work = async (): Promise<number> => {
    if (++tries < 3) throw new Error(`away ${tries}`);
    return tries;
  };
  expect(
    await retryUntilDone(
      work,
      (cause) => told.push(cause),
      () => false,
    ),
  ).toBe(3);
  expect(told).toEqual([new Error('away 1')]);
});

test('retryUntilDone() rejects with a fault of a program, which another try would not change', async () => {
  const fault = new TypeError('x is not a function');
  let tries = 0;
  const work = async (): Promise<never> => {
    tries++;
    throw fault;
  };
  await expect(
    retryUntilDone(
      work,
      () => {},
      () => false,
    ),
  ).rejects.toBe(fault);
  expect(tries).toBe(1);
});
