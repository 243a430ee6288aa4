import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isHashed, keyOf, segmentOf } from './key-segment.ts';

const settings = { numRuns: 2_000, seed: 20_260_822 };
const unit = fc.constantFrom(...'abAB019-_%:'.split(''));
const key = fc.oneof(fc.string({ unit, maxLength: 6 }), fc.string({ unit, minLength: 15, maxLength: 200 }));

test('segmentOf() writes two different keys as two, also where case is not seen', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(segmentOf(a).toLowerCase() === segmentOf(b).toLowerCase()).toBe(a === b);
    }),
    settings,
  );
});

test('segmentOf() writes letters, digits, "-" and "_" alone, and never much', () => {
  fc.assert(
    fc.property(key, (one) => {
      expect(segmentOf(one)).toMatch(/^[kh]-[a-z0-9_-]{0,98}$/);
    }),
    settings,
  );
});

test('keyOf() gives the key back, unless it was hashed', () => {
  fc.assert(
    fc.property(key, (one) => {
      const segment = segmentOf(one);
      expect(keyOf(segment)).toBe(isHashed(segment) ? undefined : one);
    }),
    settings,
  );
});

test.each(['', 'a', 'k-A', 'k-a:b', 'k-_12', 'k-_zzzz', 'instant'])(
  'keyOf() does not take "%s" for one',
  (text) => {
    expect(keyOf(text)).toBeUndefined();
  },
);
