import { expect, test } from 'vitest';
import { sameValue } from './same-value.ts';

const deep = (inner: string): unknown =>
  JSON.parse(`${'[{"a":'.repeat(20_000)}${inner}${'}]'.repeat(20_000)}`);

test.each([
  ['{"hasOwnProperty":1}', '{"hasOwnProperty":1}', true],
  ['{"hasOwnProperty":1}', '{"toString":1}', false],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', true],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}', false],
  ['{"__proto__":null}', '{}', false],
  ['{"constructor":1}', '{"a":1}', false],
  ['[]', '{}', false],
  ['[1,[2]]', '[1,[2]]', true],
  ['[1,2]', '[1]', false],
  ['null', '{}', false],
  ['"1"', '1', false],
])('%s and %s', (a, b, expected) => {
  expect(sameValue(JSON.parse(a), JSON.parse(b))).toBe(expected);
  expect(sameValue(JSON.parse(b), JSON.parse(a))).toBe(expected);
});

test('dates are their times, and depth has no limit', () => {
  expect(sameValue({ due: new Date(1) }, { due: new Date(1) })).toBe(true);
  expect(sameValue({ due: new Date(1) }, { due: new Date(2) })).toBe(false);
  expect(sameValue({ due: new Date(1) }, { due: {} })).toBe(false);
  expect(sameValue({ due: new Date(Number.NaN) }, { due: new Date(Number.NaN) })).toBe(true);
  expect(sameValue(deep('1'), deep('1'))).toBe(true);
  expect(sameValue(deep('1'), deep('2'))).toBe(false);
});
