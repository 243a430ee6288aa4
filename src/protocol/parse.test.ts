import { describe, expect, test } from 'vitest';
import { ServerError } from './error.ts';
import { clientFeatures } from './features.ts';
import { decodeFrame, MAX_DEPTH, nestsDeeper } from './parse.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('nestsDeeper()', () => {
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
  ])('%j deeper than 10: %s', (text, expected) => {
    expect(nestsDeeper(text, 10)).toBe(expected);
  });
});

describe('decodeFrame()', () => {
  test('takes what nests up to the limit, and no more', () => {
    expect(decodeFrame(`{"a":${nested(MAX_DEPTH - 1)}}`)).toHaveProperty('a');
    expect(() => decodeFrame(`{"a":${nested(MAX_DEPTH)}}`)).toThrow(`nests at most ${MAX_DEPTH} levels`);
  });

  test('throws the error of an Instant server, whatever the frame', () => {
    for (const frame of ['', '{', 'null', '[]', '1', '"a"', new Uint8Array(2)]) {
      expect(() => decodeFrame(frame)).toThrow(ServerError);
    }
  });

  test('keeps a key named __proto__ as a key', () => {
    const event = decodeFrame('{"op":"init","__proto__":{"polluted":true}}');
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(Object.keys(event)).toEqual(['op', '__proto__']);
  });
});

test.each([
  ['v1.0.67', true, true],
  ['0.20.5', true, true],
  ['0.20.4', false, true],
  ['v0.20.4-dev', true, true],
  ['v0.17.6-beta.1', false, false],
  ['0.17.5', false, false],
  ['latest', false, false],
  [undefined, false, false],
])('clientFeatures() of core %s', (version, skipAttrs, patchPresence) => {
  const versions: Record<string, string> = version === undefined ? {} : { '@instantdb/core': version };
  expect(clientFeatures(versions)).toEqual({ skipAttrs, patchPresence });
});
