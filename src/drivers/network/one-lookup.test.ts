import { expect, test } from 'vitest';
import { addressesOf, lookupOnce } from './one-lookup.ts';

test('a name that is being looked up is not looked up again meanwhile', async () => {
  const first = addressesOf('127.0.0.1');
  expect(addressesOf('127.0.0.1')).toBe(first);
  expect(addressesOf('::1')).not.toBe(first);
  expect(await first).toEqual([{ address: '127.0.0.1', family: 4 }]);
  const next = addressesOf('127.0.0.1');
  expect(next).not.toBe(first);
  await next;
});

test('a connection is told one address or all, or why there is none', async () => {
  const look = (name: string, all: boolean): Promise<unknown[]> =>
    new Promise((resolve) => lookupOnce(name, { all }, (...told) => resolve(told)));
  expect(await look('127.0.0.1', false)).toEqual([null, '127.0.0.1', 4]);
  expect(await look('127.0.0.1', true)).toEqual([null, [{ address: '127.0.0.1', family: 4 }]]);
  // A label of 64 letters: one too many, so that no server is asked.
  const name = `${'x'.repeat(64)}.test`;
  expect(await look(name, true)).toMatchObject([{ code: 'ENOTFOUND' }, '', 0]);
  await expect(addressesOf(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
