import { expect, test } from 'vitest';
import { InstantNodeError, isFault } from './errors.ts';

test.each([
  ['a stack that is full', new RangeError('Maximum call stack size exceeded'), true],
  ['a value that is missing', new TypeError('x is undefined'), true],
  ['a value that Node refuses', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }), true],
  ['a system call', Object.assign(new TypeError('connect'), { code: 'ECONNREFUSED' }), false],
  ['an error of our own', new InstantNodeError('storage', 'full'), false],
  ['any other error', new Error('Connection is closed.'), false],
  ['a text', 'text', false],
  ['nothing', undefined, false],
])('isFault() of %s', (_, error, expected) => {
  expect(isFault(error)).toBe(expected);
});
