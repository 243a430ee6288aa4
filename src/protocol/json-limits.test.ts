import { describe, expect, test } from 'vitest';
import { excessOf, MAX_DEPTH, MAX_VALUES } from './json-limits.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('excessOf() a depth of 10', () => {
  test.each<[string, boolean]>([
    [nested(10), false],
    [nested(11), true],
    [`{"a":${nested(9)}}`, false],
    [`{"a":${nested(10)}}`, true],
    [JSON.stringify('['.repeat(50)), false],
    [JSON.stringify({ a: '"[[[[[[[[[[[[[[' }), false],
    [`${JSON.stringify({ a: '\\' }).slice(0, -1)},"b":${nested(10)}}`, true],
    [JSON.stringify(['\\"', '['.repeat(20)]), false],
    [Array.from({ length: 50 }, () => '[]').join(','), false],
    ['"never closed [[[[[[[[[[[[[[[', false],
    ['"ends in a backslash \\', false],
  ])('%j: %s', (text, isDeeper) => {
    expect(excessOf(text, { depth: 10, values: 1_000 })).toBe(isDeeper ? 'depth' : undefined);
  });
});

/** Counted by walking over what was parsed. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, it) => sum + countOf(it), 1);
}

describe('excessOf() counts the values of', () => {
  test.each<[string]>([
    ['1'],
    ['[]'],
    [' [ ] '],
    ['{}'],
    ['[1]'],
    ['{"a":1}'],
    ['[[],{},[],{ \n\t}]'],
    ['{"a":{"b":[1,2,{"c":[]}]},"d":null,"e":true}'],
    ['["a,b,c","[,{,\\",",",\\\\"]'],
    ['{"a,b":"c","\\"[,":["\\\\"],"":""}'],
    ['[[[[[[[1]]]]]]]'],
    [`[${Array.from({ length: 100 }, (_, n) => `{"a":${n}}`).join(' , ')}]`],
  ])('%s', (text) => {
    const values = countOf(JSON.parse(text));
    const depth = 1_000;
    // Longer than both limits, so that none is right by its length alone.
    const long = text + ' '.repeat(depth);
    expect(excessOf(long, { depth, values })).toBeUndefined();
    if (values > 1) expect(excessOf(long, { depth, values: values - 1 })).toBe('values');
  });
});

test('a text may hold 4 million values, and not one more', () => {
  const holding = (values: number): string => `[${'1,'.repeat(values - 2)}1]`;
  expect(excessOf(holding(MAX_VALUES))).toBeUndefined();
  expect(excessOf(holding(MAX_VALUES + 1))).toBe('values');
  expect(excessOf(nested(MAX_DEPTH))).toBeUndefined();
  expect(excessOf(nested(MAX_DEPTH + 1))).toBe('depth');
});
