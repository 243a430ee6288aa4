import { expect, test } from 'vitest';
import { LEDGER_LIMIT, Ledger } from './ledger.ts';

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

test('Ledger remembers the last transactions and forgets those before', () => {
  const ledger = new Ledger();
  for (let n = 0; n <= LEDGER_LIMIT; n++) ledger.record(uuid(n), n);
  expect(ledger.find(uuid(0))).toBeUndefined();
  expect(ledger.find(uuid(1))).toBe(1);
  expect(ledger.find(uuid(LEDGER_LIMIT))).toBe(LEDGER_LIMIT);
});

test.each([undefined, null, 1, 'a', '', {}])('Ledger does not remember a transaction named %j', (name) => {
  const ledger = new Ledger();
  ledger.record(name, 1);
  expect(ledger.find(name)).toBeUndefined();
});
