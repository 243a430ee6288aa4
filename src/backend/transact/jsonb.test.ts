import { expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import { byteLength, clipBytes, jsonbSize, jsonbText } from './jsonb.ts';

// What Postgres 15 says: `pg_column_size(v::jsonb)` and `v::jsonb::text`.
test.each<[JsonValue, size: number, text: string]>([
  ['', 12, '""'],
  ['aé', 15, '"aé"'],
  ['a"\n\u0001', 16, '"a\\"\\n\\u0001"'],
  [null, 12, 'null'],
  [true, 12, 'true'],
  [0, 18, '0'],
  [-1, 20, '-1'],
  [12345678, 22, '12345678'],
  [10000, 20, '10000'],
  [0.5, 20, '0.5'],
  [1234.56789, 24, '1234.56789'],
  [1e-7, 20, '0.0000001'],
  [1.5e21, 20, '1500000000000000000000'],
  [1e300, 22, `1${'0'.repeat(300)}`],
  [[], 8, '[]'],
  [['a', 1, null], 32, '["a", 1, null]'],
  [[['a'], 'b', 2], 40, '[["a"], "b", 2]'],
  [{}, 8, '{}'],
  [{ bb: 1, a: [true, { x: 'é' }], é: null }, 76, '{"a": [true, {"x": "é"}], "bb": 1, "é": null}'],
])('%j takes %i bytes and is printed as %s', (v, size, text) => {
  expect([jsonbSize(v), jsonbText(v)]).toEqual([size, text]);
});

test('a text is clipped before a character that does not fit', () => {
  expect(clipBytes('aéb', 2)).toBe('a');
  expect(clipBytes('aéb', 3)).toBe('aé');
  expect(clipBytes('aéb', 9)).toBe('aéb');
  expect(byteLength('aéb')).toBe(4);
});
