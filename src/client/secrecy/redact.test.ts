import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { type Hidden, redact, redactInPlace } from './redact.ts';

const hidden: Hidden = { names: new Set(['refresh-token', 'refresh_token']), texts: ['s3cret'] };

test('fields of a secret name, and secret texts inside of others, are left out of a copy', () => {
  const message = { op: 'init', 'refresh-token': 'any', '__admin-token': undefined, said: 'It is s3cret!' };
  expect(redact(message, hidden)).toEqual({
    op: 'init',
    'refresh-token': '[redacted]',
    '__admin-token': undefined,
    said: 'It is [redacted]!',
  });
  expect(message['refresh-token']).toBe('any');
});

test('what holds nothing secret is given as it is', () => {
  class Thing {
    readonly #inner = 's3cret';
    size(): number {
      return this.#inner.length;
    }
  }
  const values = [
    new Error('boom'),
    1,
    null,
    undefined,
    'text',
    new Thing(),
    { a: [new Map()] },
    Buffer.from('a'),
  ];
  for (const value of values) expect(redact(value, hidden)).toBe(value);
});

test('a secret is found however deep it stands, in cycles, maps, sets, keys, classes and errors', () => {
  class Thing {
    token = 's3cret';
  }
  const cycle: Record<string, unknown> = { thing: new Thing(), s3cret: 1 };
  cycle.self = cycle;
  const error = new Error('no s3cret', { cause: new TypeError('s3cret') });
  const deep = Array.from({ length: 50_000 }).reduce<unknown>((inner) => [inner], 's3cret');
  const values = [
    cycle,
    new Map([['s3cret', new Set(['s3cret'])]]),
    error,
    Object.assign(error, { body: cycle }),
  ];
  for (const value of values) {
    const shown = inspect(redact(value, hidden), { depth: 20, showHidden: true });
    expect(shown).toContain('[redacted]');
    expect(shown).not.toContain('s3cret');
  }
  expect(error.message).toBe('no s3cret');
  expect(redact(error, hidden)).toBeInstanceOf(Error);
  let innermost = redact(deep, hidden);
  while (Array.isArray(innermost)) [innermost] = innermost;
  expect(innermost).toBe('[redacted]');
});

test('accessors are not called', () => {
  const value = {
    text: 's3cret',
    get broken(): never {
      throw new Error('called');
    },
  };
  expect(redact(value, hidden)).toEqual({ text: '[redacted]' });
});

test('an error that is cleaned in place stays the same, and so do its causes', () => {
  const cause = new TypeError('s3cret inside');
  const error = Object.assign(new RangeError('s3cret', { cause }), { hint: { said: ['s3cret'] } });
  cause.cause = error;
  expect(redactInPlace(error, hidden)).toBe(error);
  expect(error.cause).toBe(cause);
  expect(error.message).toBe('[redacted]');
  expect(error.hint).toEqual({ said: ['[redacted]'] });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret');
});
