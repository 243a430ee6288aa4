import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deadline } from './deadline.ts';

test('deadline() does not take a process that computes for a server that says nothing', async () => {
  let hasExpired = false;
  const cancel = deadline(1_000, () => {
    hasExpired = true;
  });
  for (const start = performance.now(); performance.now() - start < 1_500; );
  await setImmediate();
  await setImmediate();
  expect(hasExpired).toBe(false);
  cancel();
});

test('deadline() does not count what is to be expected, and still holds the process', async () => {
  let isExpected = true;
  const cancel = deadline(20, () => expect.fail('expired'), { isExpected: () => isExpected });
  await new Promise<void>((resolve) => {
    deadline(60, resolve);
  });
  cancel();
  await new Promise<void>((resolve) => {
    deadline(20, resolve, { isExpected: () => isExpected });
    isExpected = false;
  });
});

test('deadline() expires, not while it is excused, and not when it was taken back', async () => {
  let isExcused = true;
  const seen: string[] = [];
  deadline(20, () => seen.push('taken back'))();
  const expired = new Promise<void>((resolve) => {
    deadline(20, resolve, { isExcused: () => isExcused });
  }).then(() => seen.push('excused'));
  await new Promise<void>((resolve) => {
    deadline(40, resolve);
  });
  seen.push('plain');
  isExcused = false;
  await expired;
  expect(seen).toEqual(['plain', 'excused']);
});
