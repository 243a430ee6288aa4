import { expect, test } from 'vitest';
import { redacting } from './redact.ts';

test('a logger never gets to see a token, however deep it stands', () => {
  const logged: unknown[] = [];
  const take = (...args: unknown[]): void => void logged.push(...args);
  const logger = redacting({ info: take, debug: take, error: take });
  const message = { op: 'init', 'refresh-token': 'secret', '__admin-token': undefined };
  logger.info('[send]', message, [{ user: { refresh_token: 'secret', email: 'ann@example.com' } }]);
  expect(logged).toEqual([
    '[send]',
    { op: 'init', 'refresh-token': '[redacted]', '__admin-token': undefined },
    [{ user: { refresh_token: '[redacted]', email: 'ann@example.com' } }],
  ]);
  expect(message['refresh-token']).toBe('secret');
});

test('what is no plain value is passed on as it is', () => {
  const logged: unknown[] = [];
  const take = (...args: unknown[]): void => void logged.push(...args);
  const error = new Error('boom');
  redacting({ info: take, debug: take, error: take }).error(error, 1, null, undefined);
  expect(logged).toEqual([error, 1, null, undefined]);
});
