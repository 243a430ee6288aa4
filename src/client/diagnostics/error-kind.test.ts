import { expect, test } from 'vitest';
import { InstantNodeError } from '../../errors.ts';
import { errorKind } from './error-kind.ts';

test.each([
  [
    'an error of this package by its code',
    new InstantNodeError('timeout', 'secret'),
    { name: 'InstantNodeError', code: 'timeout' },
  ],
  [
    'a refused session by its code, not by the type that the server gave',
    Object.assign(new InstantNodeError('connection-failed', 'secret'), {
      type: 'record-not-found',
      status: 400,
    }),
    { name: 'InstantNodeError', code: 'connection-failed', status: 400 },
  ],
  [
    'a refusal by its type',
    Object.assign(new Error('secret'), {
      name: 'InstantAPIError',
      type: 'permission-denied',
      code: 'permission',
      status: 403,
    }),
    { name: 'InstantAPIError', code: 'permission-denied', status: 403 },
  ],
  [
    'a failure of the system by its code',
    Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }),
    { name: 'Error', code: 'ECONNREFUSED' },
  ],
  [
    'an abort by its name',
    new DOMException('secret', 'AbortError'),
    { name: 'AbortError', code: 'AbortError' },
  ],
  [
    'a plain object by its type',
    { message: 'secret', type: 'validation-failed', status: 0 },
    { name: 'Error', code: 'validation-failed' },
  ],
  [
    'what has no name at all',
    { name: 'a secret, it is', code: 5, type: '' },
    { name: 'Error', code: '_OTHER' },
  ],
  [
    'a cause by its code',
    new InstantNodeError('storage', 'secret', {
      cause: Object.assign(new Error('secret'), { code: 'ENOSPC' }),
    }),
    { name: 'InstantNodeError', code: 'storage', cause: 'ENOSPC' },
  ],
  [
    'no cause that has a message alone',
    new InstantNodeError('storage', 'secret', { cause: new Error('secret') }),
    { name: 'InstantNodeError', code: 'storage' },
  ],
  [
    'what throws when it is read',
    new Proxy({}, { get: () => expect.unreachable('secret') }),
    { name: 'Error', code: '_OTHER' },
  ],
  ['undefined', undefined, { name: 'Error', code: '_OTHER' }],
  ['a text', 'secret', { name: 'Error', code: '_OTHER' }],
])('errorKind() tells %s', (_, error, kind) => {
  expect(errorKind(error)).toEqual(kind);
});
