import { describe, expect, test } from 'vitest';
import { ServerError } from './error.ts';
import { clientFeatures } from './features.ts';
import { MAX_DEPTH, MAX_VALUES } from './json-limits.ts';
import { decodeFrame, TooManyValuesError } from './parse.ts';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('decodeFrame()', () => {
  test('takes what nests up to the limit, and no more', () => {
    expect(decodeFrame(`{"a":${nested(MAX_DEPTH - 1)}}`)).toHaveProperty('a');
    expect(() => decodeFrame(`{"a":${nested(MAX_DEPTH)}}`)).toThrow(`nests at most ${MAX_DEPTH} levels`);
  });

  test('takes as many values as the limit says, and no more, counted before it is parsed', () => {
    const holding = (values: number): string => `{"a":[${'1,'.repeat(values - 3)}1]}`;
    expect(decodeFrame(holding(MAX_VALUES))).toHaveProperty('a');
    // It is no JSON, which nobody has found out.
    expect(() => decodeFrame(`${holding(MAX_VALUES + 1)}}`)).toThrow(TooManyValuesError);
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
