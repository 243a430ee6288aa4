import { expect, test } from 'vitest';
import { Secrets } from './secrets.ts';

test('a logger sees no secret, by the name of its field or by its value', () => {
  const logged: unknown[] = [];
  const take = (...args: unknown[]): void => void logged.push(...args);
  const secrets = new Secrets('admin-token');
  const logger = secrets.redacting({ info: take, debug: take, error: take });
  secrets.note('user-token');
  const user = { refresh_token: 'x', email: 'ann@example.com' };
  logger.info('[send]', { said: 'admin-token' }, [{ user }], 'user-token');
  expect(logged).toEqual([
    '[send]',
    { said: '[redacted]' },
    [{ user: { refresh_token: '[redacted]', email: 'ann@example.com' } }],
    '[redacted]',
  ]);
});

test('a secret is left out as it stands in JSON and in addresses too, and in what was known for one call alone', () => {
  const secrets = new Secrets(undefined, 'a "quoted" key');
  const said = `${JSON.stringify({ key: 'a "quoted" key' })} ?key=a+%22quoted%22+key code=123456`;
  expect(secrets.leaveOut(said, ['123456', undefined])).toBe(
    '{"key":"[redacted]"} ?key=[redacted] code=[redacted]',
  );
  expect(secrets.leaveOut('123456')).toBe('123456');
});

test('what is too short to be told from other texts is left', () => {
  expect(new Secrets('op').leaveOut({ op: 'stop' })).toEqual({ op: 'stop' });
});

test('tokens of former users are remembered for a while, not for ever', () => {
  const secrets = new Secrets('the-admin-token');
  for (let user = 0; user < 1_000; user++) secrets.note(`token-of-${user}`);
  expect(secrets.leaveOut(['token-of-1', 'token-of-999', 'token-of-998', 'the-admin-token'])).toEqual([
    'token-of-1',
    '[redacted]',
    '[redacted]',
    '[redacted]',
  ]);
});
