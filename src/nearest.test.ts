import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const known = ['appId', 'apiURI', 'websocketURI', 'storage', 'storagePath', 'keepAlive'];

test.each([
  ['appID', 'appId'],
  ['apiUri', 'apiURI'],
  ['api', 'appId'],
  ['websocketUrl', 'websocketURI'],
  ['storege', 'storage'],
  ['storage_path', 'storagePath'],
  ['KEEPALIVE', 'keepAlive'],
])('nearest() takes "%s" for "%s"', (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});

test('nearest() takes the closer of two', () => {
  expect(nearest('storag', ['storagePath', 'storage'])).toBe('storage');
  expect(nearest('aa', ['ab', 'aa'])).toBe('aa');
});

test.each(['', 'zzzzzzzz', 'x'.repeat(1_000), '__proto__'])(
  'nearest() finds nothing close to "%s"',
  (word) => {
    expect(nearest(word, known)).toBeUndefined();
  },
);

test('nearest() finds nothing among nothing', () => {
  expect(nearest('appId', [])).toBeUndefined();
});
