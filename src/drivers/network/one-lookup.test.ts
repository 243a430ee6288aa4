import { expect, test } from 'vitest';
import { addressesOf } from './one-lookup.ts';

test('a name that is being looked up is not looked up again meanwhile', async () => {
  const first = addressesOf('127.0.0.1');
  expect(addressesOf('127.0.0.1')).toBe(first);
  expect(addressesOf('::1')).not.toBe(first);
  expect(await first).toEqual([{ address: '127.0.0.1', family: 4 }]);
  const next = addressesOf('127.0.0.1');
  expect(next).not.toBe(first);
  await next;
});

test('a name that has no address is none', async () => {
  // A label of 64 letters: one too many, so that no server is asked.
  await expect(addressesOf(`${'x'.repeat(64)}.test`)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
