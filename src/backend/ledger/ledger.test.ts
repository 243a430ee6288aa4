import { describe, expect, onTestFinished, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import { Child, programOf } from '../testing/child-process.ts';
import { LEDGER_ENTRY_BYTES, LEDGER_LIMIT, Ledger } from './ledger.ts';
import { type LedgerKey, ledgerKey } from './ledger-key.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

function keyOf(name: unknown): LedgerKey {
  const key = ledgerKey(name);
  if (!key) throw new Error(`${JSON.stringify(name)} is no name`);
  return key;
}

describe('Ledger', () => {
  // Other runtimes do not tell what arrays take.
  test.runIf(process.release.name === 'node' && !('Bun' in globalThis) && !('Deno' in globalThis))(
    'takes at most 40 bytes for each, however many there are',
    async () => {
      const counts = [500, 47_000, 65_535, 65_600, 100_000, 700_000, LEDGER_LIMIT, LEDGER_LIMIT + 60_000];
      // In a process of its own, as what is there beside would be counted, or be gone when it is counted.
      const program = await programOf(new URL('./ledger-bytes.fixture.ts', import.meta.url));
      onTestFinished(() => program.remove());
      const child = new Child(program.command, [SEED, ...counts].map(String));
      expect(await child.ended).toBe(0);
      await child.outputEnded;
      const measured = child.lines.map((line) => JSON.parse(line) as [number, number, number]);
      for (const [many, size, bytes] of measured) {
        const each = bytes / size;
        expect.soft(each, `${many}`).toBeLessThan(LEDGER_ENTRY_BYTES);
        expect.soft(each, `${many}`).toBeGreaterThan(24);
        if (process.env.MEASURE) process.stdout.write(`${many}: ${each.toFixed(1)} bytes each\n`);
      }
      expect(measured.map(([many]) => many)).toEqual(counts);
      expect(measured.at(-1)?.[1]).toBe(LEDGER_LIMIT);
    },
  );

  test('remembers the last 1,000,000, and forgets those before', () => {
    const ledger = new Ledger();
    const keyAt = (n: number): LedgerKey => [0, n * 3, 7, n];
    const find = (n: number): number | undefined => ledger.find(keyAt(n));
    const extra = 150_000;
    for (let n = 0; n < LEDGER_LIMIT + extra; n++) {
      ledger.record(keyAt(n), n);
      if (n % 97 !== 0) continue;
      const first = Math.max(0, n - LEDGER_LIMIT + 1);
      if (find(first) !== first) throw new Error(`${first} is forgotten at ${n}`);
      if (find(first - 1) !== undefined) throw new Error(`${first - 1} is not forgotten at ${n}`);
    }
    expect(ledger.size).toBe(LEDGER_LIMIT);
    for (let n = extra; n < LEDGER_LIMIT + extra; n++)
      if (find(n) !== n) throw new Error(`${n} is forgotten`);
  });

  test(`finds what a map finds, whatever is forgotten in between (SEED=${SEED})`, () => {
    const chance = random(SEED);
    const ledger = new Ledger();
    const model = new Map<string, number>();
    for (let txId = 1; txId < 60_000; txId++) {
      // Few enough that some come again that were forgotten.
      const name = uuid(Math.floor(chance() * 20_000));
      if (ledger.find(keyOf(name)) !== model.get(name))
        throw new Error(`${name} is found wrongly at ${txId}`);
      if (!model.has(name)) {
        ledger.record(keyOf(name), txId);
        model.set(name, txId);
      }
      if (chance() < 0.4) {
        ledger.forgetOldest();
        const [oldest] = model.keys();
        if (oldest !== undefined) model.delete(oldest);
      }
    }
    expect(ledger.size).toBe(model.size);
    expect([...model].filter(([name, txId]) => ledger.find(keyOf(name)) !== txId)).toEqual([]);
  });
});

describe('the key of a name', () => {
  test.each([undefined, null, 1, {}, ['0123456789abcdef'], '', 'a', '0123456789abcde'])(
    'is none for %j',
    (name) => {
      expect(ledgerKey(name)).toBeUndefined();
    },
  );

  test('is that of the UUID, however it is written', () => {
    const name = 'ABCDEF01-2345-6789-ABCD-EF0123456789';
    expect(ledgerKey(name)).toEqual([0xabcdef01, 0x23456789, 0xabcdef01, 0x23456789]);
    expect(ledgerKey(name.toLowerCase())).toEqual(ledgerKey(name));
  });

  test('is another one for each other text', () => {
    const names = [
      '0123456789abcdef',
      '0123456789abcdeF',
      `${uuid(1)} `,
      '😀'.repeat(8),
      // Halves of pairs, which UTF-8 has no bytes for.
      '\ud800'.repeat(16),
      '\ud801'.repeat(16),
      'x'.repeat(1_000_000),
    ];
    expect(new Set(names.map((name) => `${ledgerKey(name)}`)).size).toBe(names.length);
    for (const name of names) expect(ledgerKey(name)).toEqual(ledgerKey(`${name}`));
  });
});
