import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinKey, lastPart } from './record-key.ts';

const settings = { numRuns: 2_000, seed: 20_260_821 };

// Every UTF-16 unit, halves of surrogate pairs too.
const part = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  maxLength: 8,
});
const parts = fc.array(fc.oneof(part, fc.constantFrom('', 'a', 'a:b', ':', '%', '%003a', '..', '/')), {
  minLength: 1,
  maxLength: 4,
});

test('joinKey() writes two different lists of parts as two different keys', () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      expect(joinKey(...a) === joinKey(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    settings,
  );
});

test('joinKey() uses letters, digits, "-", "_", "%" and ":" alone', () => {
  fc.assert(
    fc.property(parts, (list) => {
      expect(joinKey(...list)).toMatch(/^[A-Za-z0-9_%:-]*$/);
    }),
    settings,
  );
});

test('lastPart() gives back the last part', () => {
  fc.assert(
    fc.property(parts, (list) => {
      expect(lastPart(joinKey(...list))).toBe(list.at(-1));
    }),
    settings,
  );
});

test('a key starts with its parent’s and ":", and with no other', () => {
  fc.assert(
    fc.property(parts, parts, part, (a, b, last) => {
      const isUnder = joinKey(...b, last).startsWith(`${joinKey(...a)}:`);
      const isDeeper = b.length >= a.length && a.every((one, index) => one === b[index]);
      expect(isUnder).toBe(isDeeper);
    }),
    settings,
  );
});
