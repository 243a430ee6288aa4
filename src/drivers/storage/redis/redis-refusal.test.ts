import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { RedisUnreachable, refusalOf } from './redis-refusal.ts';

function reply(message: string): Error {
  return Object.assign(new Error(message), {
    name: 'ReplyError',
    command: { name: 'auth', args: ['s3cret', 'v4lue'] },
  });
}

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'the server is full'],
  ['ERR Error running script (call to f_1): @user_script:9: OOM command not allowed', 'the server is full'],
  ["READONLY You can't write against a read only replica.", 'the server is a replica'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'used for something else'],
  ['NOAUTH Authentication required.', 'asks for a password'],
  ['ERR Protocol error: unauthenticated multibulk length', 'asks for a password'],
  ['WRONGPASS invalid username-password pair', 'does not accept the user and password'],
  ["NOPERM this user has no permissions to run the 'evalsha' command", 'may not run'],
  ["ERR unknown command 'evalsha', with args beginning with: 's3cret' 'v4lue'", 'refuses a command'],
  ['ERR s3cret', 'refuses a command'],
])('refusalOf("%s") says that %s, and no secret', (message, why) => {
  const refusal = refusalOf(reply(message), 'storage "redis"', ['s3cret']);
  expect(refusal).toMatchObject({ code: 'storage', message: expect.stringContaining(why) });
  expect(inspect(refusal, { depth: 10, showHidden: true })).not.toMatch(/s3cret|v4lue/);
});

test.each([
  ['ERR DB index is out of range', 'the server has no such database'],
  ["NOPERM User app has no permissions to run the 'select' command", 'may not choose a database'],
  ["NOPERM this user has no permissions to run the 'select' command or its subcommand", 'may not choose'],
  ['ERR SELECT is not allowed in cluster mode', 'the server has no such database'],
])('refusalOf("%s") says that %s', (message, why) => {
  expect(refusalOf(reply(message), 'storage "redis"', [])).toMatchObject({
    code: 'storage',
    message: expect.stringContaining(why),
    hint: expect.any(String),
  });
});

test('refusalOf() of a fault of our own is no outage', () => {
  for (const cause of [new RangeError('Maximum call stack size exceeded'), new TypeError('x is undefined')]) {
    expect(refusalOf(cause, 'storage "redis"', [])).toMatchObject({
      code: 'storage',
      cause: { name: cause.name },
    });
  }
});

test.each(['LOADING Redis is loading the dataset in memory', 'CLUSTERDOWN The cluster is down', 'TRYAGAIN'])(
  'refusalOf("%s") is to be asked again',
  (message) => {
    expect(refusalOf(reply(message), 'storage "redis"', [])).toBeInstanceOf(RedisUnreachable);
  },
);

test('refusalOf() of what no server has said is to be asked again', () => {
  for (const error of [new Error('Connection is closed.'), 'text', undefined]) {
    expect(refusalOf(error, 'storage "redis"', [])).toBeInstanceOf(RedisUnreachable);
  }
});
