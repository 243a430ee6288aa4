import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import { mergePatches } from './merge-patches.ts';

describe('mergePatches()', () => {
  test.each<[base: JsonValue | undefined, patch: JsonValue, merged: JsonValue]>([
    [undefined, { a: null }, { a: null }],
    [null, { a: { b: null } }, { a: { b: null } }],
    ['text', { a: 1 }, { a: 1 }],
    [{ a: 1 }, 'text', 'text'],
    [{ a: 1 }, null, null],
    [{ a: 1 }, [1], [1]],
    [[1, 2], [3], [3]],
    [
      { a: 1, b: 2 },
      { b: 3, c: 4 },
      { a: 1, b: 3, c: 4 },
    ],
    [{ a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
    [{ a: { b: 1 } }, { a: { b: null } }, { a: {} }],
    [{ a: 1 }, { a: null, z: null }, {}],
    [{ a: 1 }, { a: { b: null } }, { a: { b: null } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
  ])('%j with %j is %j', (base, patch, merged) => {
    expect(mergePatches(base, [patch])).toEqual(merged);
  });

  test('takes patches one after the other', () => {
    expect(mergePatches({ a: { b: 1 } }, [{ a: { c: 2 } }, { a: { b: null } }, { d: [1] }])).toEqual({
      a: { c: 2 },
      d: [1],
    });
    expect(mergePatches({ a: 1 }, ['text', { b: null }, { b: 2, c: null }])).toEqual({ b: 2 });
    expect(mergePatches(undefined, [])).toBeNull();
    const keys = Array.from({ length: 200_000 }, (_, i) => `k${i}`);
    const merged = mergePatches(
      {},
      keys.map((key) => ({ [key]: 1 })),
    );
    expect(Object.keys(merged as object)).toHaveLength(keys.length);
  });

  test('leaves what it was given alone', () => {
    const base = { a: { b: 1 } };
    mergePatches(base, [{ a: { c: 2 }, d: 3 }]);
    expect(base).toEqual({ a: { b: 1 } });
  });
});
